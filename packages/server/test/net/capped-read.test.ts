import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { CappedBytes, decodeUtf8, parseJson, readCapped } from '../../src/net/limits.js'

const bytes = (...sizes: number[]) => sizes.map((size) => new Uint8Array(size).fill(97))

/** A stream that records its cancellation. */
function streamOf(chunks: Uint8Array[]) {
  const state = { cancelled: false, pulled: 0 }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[state.pulled++]
        if (chunk) controller.enqueue(chunk)
        else controller.close()
      },
      cancel: () => void (state.cancelled = true),
    },
    { highWaterMark: 0 },
  )
  return { stream, state }
}

async function* iterate(chunks: Uint8Array[]) {
  for (const chunk of chunks) yield await Promise.resolve(chunk)
}

describe('a capped read', () => {
  it.each([
    [[], 0, false],
    [[10], 10, false],
    [[4, 6], 10, false],
    [[11], 10, true],
    [[5, 5, 1], 10, true],
    [[10, 0], 10, false],
  ])('of chunks of %j keeps %d bytes (more: %s)', async (sizes, kept, truncated) => {
    const fromStream = await readCapped(streamOf(bytes(...sizes)).stream, 10)
    const fromIterable = await readCapped(iterate(bytes(...sizes)), 10)
    for (const read of [fromStream, fromIterable]) {
      expect(read.truncated).toBe(truncated)
      expect(read.bytes.byteLength).toBe(kept)
    }
  })

  it('returns no bytes without a body', async () => {
    expect(await readCapped(null, 10)).toEqual({ bytes: new Uint8Array(), truncated: false })
  })

  it('cancels the stream after the chunk that exceeds the limit', async () => {
    const { stream, state } = streamOf(bytes(8, 8, 8, 8))
    await readCapped(stream, 10)
    expect(state).toEqual({ cancelled: true, pulled: 2 })
  })

  it('rejects with the reason of its signal while a chunk is missing', async () => {
    const controller = new AbortController()
    const reading = readCapped(
      new ReadableStream({ pull: () => new Promise(() => undefined) }),
      10,
      controller.signal,
    )
    controller.abort(new Error('deadline'))
    await expect(reading).rejects.toThrow('deadline')
    await expect(readCapped(iterate(bytes(1)), 10, controller.signal)).rejects.toThrow('deadline')
  })

  it('ends so too while an iterable yields nothing', async () => {
    const controller = new AbortController()
    const silent = new Readable({ read: () => undefined })
    silent.push('a')
    const reading = readCapped(silent, 10, controller.signal)
    controller.abort(new Error('deadline'))
    await expect(reading).rejects.toThrow('deadline')
    expect(silent.destroyed).toBe(false)
  })

  it('keeps no more than the limit however much is added', () => {
    const capped = new CappedBytes(3)
    expect([capped.add(bytes(2)[0]!), capped.add(bytes(2)[0]!), capped.add(bytes(9)[0]!)]).toEqual([
      true,
      false,
      false,
    ])
    expect(capped.bytes().byteLength).toBe(3)
  })
})

it('decodes UTF-8 only, and JSON only', () => {
  expect(decodeUtf8(new TextEncoder().encode('Анна'))).toBe('Анна')
  expect(decodeUtf8(new Uint8Array([0xff, 0x61]))).toBeNull()
  expect(parseJson('{"a":1}')).toEqual({ a: 1 })
  expect(parseJson('<html>')).toBeUndefined()
})
