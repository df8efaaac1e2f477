// `npm run demo`: everything on this machine, until Ctrl-C. With --sources, as `npm run dev` has it, the element comes
// from its sources and the page follows their changes.
import { fileURLToPath } from 'node:url'
import { checkPorts, PortProblem, readPorts } from './ports.js'
import { startDemo } from './start-demo.js'

const started = performance.now()
const elementSources = process.argv.includes('--sources')
  ? fileURLToPath(new URL('../packages/element/src', import.meta.url))
  : undefined
const report = (step: string) => console.log(`  ✓ ${step}`)

try {
  const ports = readPorts(process.env)
  await checkPorts(ports)
  console.log('\nStarting the demo …\n')
  const demo = await startDemo({ ports, watch: true, elementSources, logLevel: 'error', report })
  let ending: Promise<void> | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // a terminal's Ctrl-C may arrive twice: from the terminal and from the package manager above
    process.on(signal, () => {
      if (ending) return
      console.log('\nEnding …')
      ending = demo.close().finally(() => process.exit(0))
    })
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`
Ready in ${seconds} s.

  QA page        ${demo.site}
  Token server   ${demo.tokenServer}
  Emulator       ${demo.emulator.url}

${elementSources ? 'The element comes from packages/element/src: a change reloads the page.' : 'Open the page in two browsers, under two names.'} Ctrl-C ends everything.
`)
} catch (error) {
  if (!(error instanceof PortProblem)) throw error
  console.error(`\n${error.message}\n`)
  process.exit(1)
}
