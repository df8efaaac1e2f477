import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { OperatorProblem } from '../problem.js'

/** One of the element's standalone files, with its headers and compressed bodies. */
export interface Script {
  /** `kinescope-chat.js`: always the newest. */
  name: string
  /** `kinescope-chat.0.1.0-1a2b3c4d.js`: never changes, so browsers may keep it for ever. */
  immutableName: string
  /** For `<script integrity>` (Subresource Integrity). */
  integrity: string
  etag: string
  bodies: { identity: Buffer; gzip: Buffer; br: Buffer }
}

const require = createRequire(import.meta.url)

/** The folder by its path, because the package's exports give Node a replacement without a DOM. */
const elementFolder = () => join(dirname(require.resolve('kinescope-chat/package.json')), 'dist')

/** One file under two names: it runs as a module and as a classic script. */
const NAMES = ['kinescope-chat.js', 'kinescope-chat.classic.js']

/** Reads the element's file from the package beside this one. @throws OperatorProblem if it isn't built */
export async function loadScripts(folder = elementFolder()): Promise<Script[]> {
  const { version } = require('kinescope-chat/package.json') as { version: string }
  const file = join(folder, 'kinescope-chat.js')
  const identity = await readFile(file).catch((cause: unknown) => {
    throw new OperatorProblem(
      'element-not-built',
      'kinescope-chat.js of the package kinescope-chat is not there.',
      'Install kinescope-chat, or build it in a checkout: npm run build',
      { cause },
    )
  })
  const [br, gzip] = await Promise.all([
    compressed(identity, `${file}.br`, zlib.brotliCompress, zlib.brotliDecompress),
    compressed(identity, `${file}.gz`, zlib.gzip, zlib.gunzip),
  ])
  const bodies = { identity, gzip, br }
  const mark = createHash('sha256').update(identity).digest('hex').slice(0, 8)
  return NAMES.map((name) => ({
    name,
    immutableName: name.replace(/\.js$/, `.${version}-${mark}.js`),
    integrity: `sha384-${createHash('sha384').update(identity).digest('base64')}`,
    // weak: the same script in another coding is the same script (RFC 9110, section 8.8.1)
    etag: `W/"${version}-${mark}"`,
    bodies,
  }))
}

type Coder = (input: Buffer, done: (error: Error | null, output: Buffer) => void) => void

/**
 * Reads the copy that the build compressed. If it is missing or of another build, compresses the file in the thread
 * pool.
 */
async function compressed(
  bytes: Buffer,
  copyPath: string,
  compress: Coder,
  decompress: Coder,
): Promise<Buffer> {
  try {
    const copy = await readFile(copyPath)
    if ((await promisify(decompress)(copy)).equals(bytes)) return copy
  } catch {
    // missing or damaged
  }
  return promisify(compress)(bytes)
}

/** Five minutes, so that a fixed element reaches every page soon. */
const NEWEST = 'public, max-age=300, stale-while-revalidate=86400'
const FOR_EVER = 'public, max-age=31536000, immutable'

/** Serves the scripts beside the token endpoint, and a list of their immutable names with SRI hashes. */
export function mountScripts(app: FastifyInstance, scripts: readonly Script[]): void {
  for (const script of scripts) {
    app.get(`/${script.name}`, (request, reply) => sendScript(request, reply, script, NEWEST))
    app.get(`/${script.immutableName}`, (request, reply) => sendScript(request, reply, script, FOR_EVER))
  }
  const list = Object.fromEntries(
    scripts.map(({ name, immutableName, integrity }) => [name, { file: immutableName, integrity }]),
  )
  app.get('/kinescope-chat.json', (_request, reply) =>
    reply
      .headers({ ...OPEN, 'Cache-Control': NEWEST, 'Content-Type': 'application/json' })
      .send(JSON.stringify(list)),
  )
}

/** Modules and scripts with `integrity` are fetched by CORS, and a page under COEP needs the resource policy. */
const OPEN = {
  'Access-Control-Allow-Origin': '*',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'X-Content-Type-Options': 'nosniff',
}

function sendScript(
  request: FastifyRequest,
  reply: FastifyReply,
  script: Script,
  cacheControl: string,
): FastifyReply {
  const coding = acceptedCoding(request.headers['accept-encoding'])
  reply.headers({
    ...OPEN,
    'Content-Type': 'text/javascript; charset=utf-8',
    'Cache-Control': cacheControl,
    ETag: script.etag,
    Vary: 'Accept-Encoding',
  })
  if (matches(request.headers['if-none-match'], script.etag)) return reply.code(304).send()
  if (coding !== 'identity') reply.header('Content-Encoding', coding)
  return reply.send(script.bodies[coding])
}

/** The smallest coding that a browser accepts (RFC 9110, section 12.5.3). Ignores weights, except for zero. */
function acceptedCoding(header: string | string[] | undefined): 'br' | 'gzip' | 'identity' {
  const accepted = String(header ?? '')
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
    .map((part) => part.split(';')[0]!.trim())
  return accepted.includes('br') ? 'br' : accepted.includes('gzip') ? 'gzip' : 'identity'
}

/** Weak comparison of RFC 9110, section 8.8.3.2. */
function matches(header: string | undefined, etag: string): boolean {
  const bare = (tag: string) => tag.trim().replace(/^W\//, '')
  return (header ?? '').split(',').some((tag) => tag.trim() === '*' || bare(tag) === bare(etag))
}
