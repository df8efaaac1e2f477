import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}

export interface StaticSite {
  url: string
  close: () => void
}

/** Serves the built site like a web server that accepts addresses without `.html`. */
export async function serveStatically(folder: string): Promise<StaticSite> {
  const server = createServer((request, response) => {
    const path = decodeURI(new URL(request.url!, 'http://localhost').pathname)
    const names = extname(path) ? [path] : [`${path}.html`, join(path, 'index.html')]
    void Promise.any(names.map(async (name) => [name, await readFile(join(folder, name))] as const)).then(
      ([name, body]) => response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? '' }).end(body),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
