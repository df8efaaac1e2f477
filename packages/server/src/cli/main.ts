#!/usr/bin/env node

// flags such as --json may come first
const isServer = process.argv.slice(2).find((word) => !word.startsWith('-')) === 'serve'
// before anything is loaded: SIGHUP and SIGUSR2 must not end a starting server, nor SIGUSR1 open Node's inspector
// (serveUntilSignal takes over)
if (isServer) for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP']) process.on(signal, () => undefined)
const { run } = await import('./run.js')

process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // a reader that goes away (`… | head`) is no error, and no server ends because its log can't be written
  if (code === 'EPIPE' || isServer) return
  process.stderr.write(`Standard output can't be written (${code}). The output is incomplete.\n`)
  process.exit(1)
})
// a command finishes its work although no one reads its errors any more (`2>&1 | head`)
process.stderr.on('error', () => undefined)
process.exitCode = await run(process.argv.slice(2), process)
// abandoned work may still wait for a disk; the process ends unless a slow reader still reads the output
setTimeout(() => {
  if (process.stdout.writableLength === 0) process.exit()
}, 2000).unref()
