export function watchSteps(options: { dir: string; onStep: (step: string) => void }): () => void
export function takeKeysFrom(pool: string): () => void
