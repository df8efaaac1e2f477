#!/usr/bin/env node

// before anything is loaded: a hang-up in a server's first moments must not end it (serveUntilSignal takes over)
if (process.argv[2] === 'serve') process.on('SIGHUP', () => undefined)
const { run } = await import('./run.js')

// a reader that goes away (`… | head`) is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
process.exitCode = await run(process.argv.slice(2), process)
// what was given up may still wait for a disk; a reader who takes their time is waited for
setTimeout(() => {
  if (process.stdout.writableLength === 0) process.exit()
}, 2000).unref()
