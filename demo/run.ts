// `npm run demo`: everything on this machine, until Ctrl-C.
import { checkPorts, PortProblem, readPorts } from './ports.js'
import { startDemo } from './start-demo.js'

const started = performance.now()
const report = (step: string) => console.log(`  ✓ ${step}`)

try {
  const ports = readPorts(process.env)
  await checkPorts(ports)
  console.log('\nStarting the demo …\n')
  const demo = await startDemo({ ports, watch: true, report })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log('\nEnding …')
      void demo.close().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143))
    })
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`
Ready in ${seconds} s.

  QA page        ${demo.site}
  Token server   ${demo.tokenServer}
  Emulator       ${demo.emulator.url}

Open the page in two browsers, under two names. Ctrl-C ends everything.
`)
} catch (error) {
  if (!(error instanceof PortProblem)) throw error
  console.error(`\n${error.message}\n`)
  process.exit(1)
}
