import type { KeyPairKeyObjectResult } from 'node:crypto'

export function watchSteps(options: { dir: string; onStep: (step: string) => void }): () => void
export function takeKeysFrom(pool: string): () => void
export function makeKeysBy(
  make: (type: 'rsa', options: object) => Promise<KeyPairKeyObjectResult>,
): () => void
