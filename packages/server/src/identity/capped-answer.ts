/**
 * Reads an answer of somebody else's server, but no more of it than can be meant.
 * @returns null where it is longer, or no UTF-8
 */
export async function readCapped(response: Response, maxBytes: number): Promise<string | null> {
  const parts: Uint8Array[] = []
  let size = 0
  // leaving the loop cancels the stream, and so ends the connection
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) return null
    parts.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts))
  } catch {
    return null
  }
}
