import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FileSink, LogOutput, type LogSink } from '../../src/serve/log-output.js'

class Pipe implements LogSink {
  writable = true
  taken: string[] = []
  length = 0
  read = true
  #drained: () => void = () => undefined

  get writableLength(): number {
    return this.read ? 0 : this.length
  }
  write(text: string): boolean {
    this.taken.push(text)
    this.length += text.length
    return this.read
  }
  on(_event: 'drain', listener: () => void): void {
    this.#drained = listener
  }
  readAll(): void {
    this.read = true
    this.#drained()
  }
}

describe('the log’s output', () => {
  const LINE = `${'x'.repeat(999)}\n`

  it('keeps a bounded part while the pipe is not read, and then reports the number of lost lines', () => {
    const pipe = new Pipe()
    const output = new LogOutput(pipe)
    const reported: number[] = []
    output.onDrained = (lost) => void reported.push(lost)
    output.write(LINE)
    pipe.readAll()
    expect(reported).toEqual([])

    pipe.read = false
    for (let count = 0; count < 5000; count++) output.write(LINE)
    expect(pipe.length).toBeLessThanOrEqual(1024 * 1024)
    expect(pipe.taken.length + output.lost).toBe(5001)
    expect(output.lost).toBeGreaterThan(3000)
    pipe.readAll()
    expect(reported).toEqual([output.lost])
    pipe.readAll()
    expect(reported).toHaveLength(1)
  })

  it('keeps working while the disk is full, and reports the lost lines afterwards', () => {
    const disk = new Pipe()
    disk.write = () => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    }
    const output = new LogOutput(disk)
    const reported: number[] = []
    output.onDrained = (lost) => void reported.push(lost)
    output.write(LINE)
    output.write(LINE)
    disk.write = Pipe.prototype.write.bind(disk)
    output.write(LINE)
    expect([disk.taken, output.lost, reported]).toEqual([[LINE], 2, [2]])
  })

  it.runIf(existsSync('/dev/full'))('detects a full file', () => {
    const full = openSync('/dev/full', 'w')
    const output = new LogOutput(new FileSink(full))
    output.write(LINE)
    expect(output.lost).toBe(1)
    closeSync(full)
  })

  it('counts a line that a file took a part of as lost, and begins the next one on a line of its own', () => {
    let [text, room] = ['', 0]
    const disk = (_fd: number, bytes: Uint8Array) => {
      const taken = Math.min(bytes.length, room)
      text += Buffer.from(bytes.subarray(0, taken)).toString()
      room -= taken
      return taken
    }
    const output = new LogOutput(new FileSink(1, disk as never))
    const write = (line: string, space: number) => {
      room = space
      return output.write(`${line}\n`)
    }
    expect(write('first', 100)).toBe(true)
    expect(write('second', 3)).toBe(false)
    expect(write('third', 1)).toBe(false)
    expect(write('fourth', 0)).toBe(false)
    expect(write('fifth', 100)).toBe(true)
    expect([text, output.lost]).toEqual(['first\nsec\nfifth\n', 3])
  })

  it('writes nothing to a closed reader, and throws nothing', () => {
    const pipe = new Pipe()
    pipe.writable = false
    const output = new LogOutput(pipe)
    output.write(LINE)
    expect([pipe.taken, output.lost]).toEqual([[], 1])
  })

  it('counts each line that it wrote to a reader that has gone', async () => {
    const source = new URL('../../src/serve/log-output.ts', import.meta.url).href
    const code = `
      import { LogOutput } from ${JSON.stringify(source)}
      const output = new LogOutput()
      for (let line = 0; line < 5; line++) {
        output.write('line\\n')
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      console.error(output.lost)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code])
    child.stdout.destroy()
    let lost = ''
    child.stderr.on('data', (text) => (lost += String(text)))
    await once(child, 'close')
    expect(lost).toBe('5\n')
  })

  it('counts the lines that waited for a slow reader which then goes', async () => {
    const source = new URL('../../src/serve/log-output.ts', import.meta.url).href
    const code = `
      import { LogOutput } from ${JSON.stringify(source)}
      const output = new LogOutput()
      for (let line = 0; line < 900; line++) output.write('x'.repeat(999) + '\\n')
      const waiting = Math.floor(process.stdout.writableLength / 1000)
      console.error('written')
      process.stdin.resume().on('end', async () => {
        output.write('line\\n')
        await new Promise((resolve) => setTimeout(resolve, 50))
        const before = output.lost
        output.write('line\\n')
        console.error(waiting, before, output.lost)
      })`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code])
    let text = ''
    child.stderr.on('data', (part) => (text += String(part)))
    await once(child.stderr, 'data')
    child.stdout.destroy()
    await once(child.stdout, 'close')
    child.stdin.end()
    await once(child, 'close')
    const [waiting, lost, next] = text.split('\n')[1]!.split(' ').map(Number)
    expect(waiting).toBeGreaterThan(100)
    expect(lost).toBe(waiting! + 1)
    expect(next).toBe(lost! + 1)
  })
})
