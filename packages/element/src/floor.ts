/**
 * The file can be read by browsers that are a little older than those it is for (README). What they lack would be taken for
 * a fault of the endpoint or of a token.
 * @throws where something is missing
 */
export function demandFloor(): void {
  new TextDecoder('utf-8', { fatal: true })
  const asked: [home: object, name: string][] = [
    [Object, 'hasOwn'],
    [Array.prototype, 'at'],
    [String.prototype, 'replaceAll'],
    [AbortSignal.prototype, 'throwIfAborted'],
  ]
  for (const [home, name] of asked) if (!(name in home)) throw new Error(`no ${name}`)
}
