import type { Readable } from 'node:stream'
import { BodyChunks, type RequestBody } from './token-request.js'

/**
 * Reads the body of a Node request. Leaving it early doesn't destroy the socket, for the refusal still has to go out; and
 * it costs a third of what an async iterator does.
 */
export function readNodeBody(stream: Readable): Promise<RequestBody> {
  return new Promise((resolve) => {
    const chunks = new BodyChunks()
    const finish = (body: RequestBody) => {
      stream.off('data', onData).off('end', onEnd).off('close', onClose)
      resolve(body)
    }
    const onData = (chunk: Uint8Array) => {
      if (chunks.add(chunk)) return
      stream.pause()
      finish(chunks.body())
    }
    const onEnd = () => finish(chunks.body())
    const onClose = () => finish({ problem: 'broken-off' })
    // an error without a listener would end the process; 'close' follows it
    stream
      .on('data', onData)
      .on('end', onEnd)
      .on('close', onClose)
      .on('error', () => undefined)
    if (stream.destroyed) onClose()
  })
}
