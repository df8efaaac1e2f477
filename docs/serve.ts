// `npm run docs`: serves the site for authors. A change of a page is visible at once.
import { fileURLToPath } from 'node:url'
import { createServer } from 'vitepress'
import { assemble, follow } from './assemble.js'

await assemble()
follow()
const server = await createServer(fileURLToPath(new URL('.', import.meta.url)))
await server.listen()
console.log('\nThe documentation as a site. Ctrl-C ends it.\n')
server.printUrls()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void server.close().finally(() => process.exit(0)))
