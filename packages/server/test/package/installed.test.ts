// @module-tag rare
import { execFile, spawn, type ExecFileOptions } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkToken } from 'kinescope-chat/check-token'

/*
 * The packages as a user installs them: both tarballs in an empty project, with the newest matching dependencies.
 * No lock file, no workspace. Node 22 and 24 come from the registry, as do the package managers.
 */
const root = fileURLToPath(new URL('../../../..', import.meta.url))
const NODES = ['22', '24']
const MANAGERS = ['npm', 'pnpm', 'yarn'] as const
const EVENT = '0csUJYzAHfe3PcyMEVScmQ'
const ORIGIN = 'https://www.example.com'
const MINUTES = 60_000

let folder: string
let tarballs: { element: string; server: string }
const tools = () => join(folder, 'tools/node_modules')
const nodeBin = (version: string) => join(tools(), `node${version}/bin`)

async function run(file: string, args: string[], options: ExecFileOptions = {}): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(file, args, { maxBuffer: 1e8, ...options })
    return stdout.toString()
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${file} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error })
  }
}

/** A user's environment: this version of Node first, without the variables of the package manager and of Vitest. */
function environment(version: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm|pnpm|VITEST|NODE_ENV|CHAT|TEST)/i.test(name),
  )
  const path = [nodeBin(version), join(tools(), '.bin'), process.env['PATH']].join(delimiter)
  return { ...Object.fromEntries(own), PATH: path, CI: '1' }
}

const npm = (args: string[], cwd: string, version?: string) =>
  run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    ...(version && { env: environment(version) }),
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kinescope-chat-installed-'))
  const pack = async (name: string) => {
    const output = await run('pnpm', ['pack', '--json', '--pack-destination', folder], {
      cwd: join(root, 'packages', name),
    })
    return (JSON.parse(output) as { filename: string }).filename
  }
  tarballs = { element: await pack('element'), server: await pack('server') }
  mkdirSync(join(folder, 'tools'))
  writeFileSync(join(folder, 'tools/package.json'), '{"private":true}')
  const binary = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const nodes = NODES.map((version) => `node${version}@npm:${binary}@${version}`)
  await npm(['install', '--ignore-scripts', ...nodes, 'npm@11', 'pnpm@10', 'yarn@1'], join(folder, 'tools'))
}, 10 * MINUTES)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Installs both packages into their own project. Fails if `engines` excludes this Node. */
async function install(manager: (typeof MANAGERS)[number], version: string): Promise<string> {
  const project = join(folder, `${manager}-${version}`)
  mkdirSync(project)
  const local = {
    'kinescope-chat': `file:${tarballs.element}`,
    'kinescope-chat-server': `file:${tarballs.server}`,
  }
  // the server depends on the element, which is not on a registry yet
  const only = { 'kinescope-chat': local['kinescope-chat'] }
  const pinned = { pnpm: { pnpm: { overrides: only } }, yarn: { resolutions: only }, npm: {} }
  // yarn 1 installs no peer dependencies
  const peers = manager === 'yarn' ? { fastify: '^5' } : {}
  const dependencies = { ...local, ...peers }
  const manifest = { private: true, type: 'module', dependencies, ...pinned[manager] }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  const options = { cwd: project, env: environment(version) }
  const cli = (path: string) => join(tools(), path)
  const node = join(nodeBin(version), 'node')
  if (manager === 'npm')
    await run(
      node,
      [cli('npm/bin/npm-cli.js'), 'install', '--engine-strict', '--no-audit', '--no-fund'],
      options,
    )
  if (manager === 'pnpm')
    await run(node, [cli('pnpm/bin/pnpm.cjs'), 'install', '--config.engine-strict=true'], options)
  if (manager === 'yarn')
    await run(node, [cli('yarn/bin/yarn.js'), 'install', '--non-interactive', '--no-progress'], options)
  return project
}

/** Starts the installed server on a free port with a new key, and requests a token. */
async function mint(project: string, version: string): Promise<{ token: string }> {
  const node = join(nodeBin(version), 'node')
  const main = join(project, 'node_modules/kinescope-chat-server/bin/kinescope-chat-server.js')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const env = {
    ...environment(version),
    CHAT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    CHAT_KEY_ID: 'test-installed',
    CHAT_EVENTS: EVENT,
    CHAT_ALLOWED_ORIGINS: ORIGIN,
    CHAT_IDENTITY: 'guest',
    CHAT_IDENTITY_SECRET: 'for this test only '.repeat(3),
    HOST: '127.0.0.1',
    PORT: '0',
  }
  // checks that the command line runs on this Node and generates a key
  await run(node, [main, 'keys', 'generate'], {
    cwd: project,
    env: { ...environment(version), CHAT_KEY_DIR: join(project, 'keys') },
  })
  const server = spawn(node, [main, 'serve'], { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    let log = ''
    const address = await new Promise<string>((found, failed) => {
      const read = (chunk: Buffer) => {
        log += chunk.toString()
        const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(log) ?? []
        if (url) found(url)
      }
      server.stdout.on('data', read)
      server.stderr.on('data', read)
      server.on('exit', () => failed(new Error(`the server ended:\n${log}`)))
    })
    const reply = await fetch(`${address}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: ORIGIN },
      body: JSON.stringify({ event_id: EVENT }),
    })
    const body = await reply.text()
    expect(reply.status, body).toBe(200)
    expect((await fetch(`${address}/kinescope-chat.js`)).status).toBe(200)
    return JSON.parse(body) as { token: string }
  } finally {
    server.kill('SIGTERM')
  }
}

describe.each(NODES)('on Node %s', (version) => {
  it.each(MANAGERS)(
    'installs with %s, imports the element, starts the server and mints a token',
    async (manager) => {
      const project = await install(manager, version)
      const node = join(nodeBin(version), 'node')
      const script = `
      const element = await import('kinescope-chat'); await import('kinescope-chat/define')
      await import('kinescope-chat-server'); await import('kinescope-chat-server/web')
      const { checkToken } = await import('kinescope-chat/check-token')
      console.log(process.versions.node, typeof checkToken, Object.keys(element).length > 0)`
      const output = await run(node, ['--input-type=module', '--eval', script], {
        cwd: project,
        env: environment(version),
      })
      expect(output).toMatch(new RegExp(`^${version}\\.\\S+ function true`))
      const { token } = await mint(project, version)
      expect(checkToken(token, { eventId: EVENT, now: Date.now() / 1000 }).fault).toBeNull()
    },
    10 * MINUTES,
  )
})

describe('a consumer', () => {
  let project: string
  beforeAll(async () => {
    project = join(folder, 'consumer')
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}')
    const bundlers = ['vite', 'webpack', 'rollup', '@rollup/plugin-node-resolve', 'esbuild']
    const packages = ['typescript@6', '@types/node@22', '@types/react@19', ...bundlers]
    await npm(
      ['install', '--ignore-scripts', tarballs.element, tarballs.server, ...packages],
      project,
      NODES[0],
    )
    writeFileSync(
      join(project, 'site.ts'),
      `import 'kinescope-chat/define'
import { KinescopeChatElement } from 'kinescope-chat'
import type { TokenReply } from 'kinescope-chat/contract'
import { checkToken } from 'kinescope-chat/check-token'
import 'kinescope-chat/jsx'
export const reply: TokenReply | undefined = undefined
export const chat: KinescopeChatElement | null = document.querySelector('kinescope-chat')
export const check = checkToken
`,
    )
    writeFileSync(
      join(project, 'server.ts'),
      `import * as server from 'kinescope-chat-server'
import * as web from 'kinescope-chat-server/web'
export const names: string[] = [...Object.keys(server), ...Object.keys(web)]
`,
    )
    writeFileSync(join(project, 'page.js'), `import 'kinescope-chat/define'\n`)
    writeFileSync(join(project, 'index.html'), `<script type="module" src="./page.js"></script>\n`)
  }, 10 * MINUTES)

  it.each([
    ['esnext', 'bundler'],
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
  ])(
    'gets types for strict mode, with those of dependencies: module %s, resolution %s',
    async (module, moduleResolution) => {
      const compilerOptions = {
        ...{
          module,
          moduleResolution,
          target: 'es2022',
          lib: ['es2024', 'dom', 'dom.iterable', 'esnext.disposable'],
        },
        ...{ strict: true, skipLibCheck: false, noEmit: true, types: ['node'] },
      }
      const config = join(project, `tsconfig.${module}.json`)
      writeFileSync(config, JSON.stringify({ compilerOptions, files: ['site.ts', 'server.ts'] }))
      await run(
        join(nodeBin('22'), 'node'),
        [join(project, 'node_modules/typescript/bin/tsc'), '-p', config],
        {
          cwd: project,
        },
      )
    },
    5 * MINUTES,
  )

  const BUNDLES: [string, string][] = [
    ['Vite', `await (await import('vite')).build({ logLevel: 'error', build: { outDir: 'out-vite' } })`],
    [
      'webpack',
      `const { default: webpack } = await import('webpack')
       await new Promise((done, failed) => webpack({ mode: 'production', entry: './page.js',
         output: { path: process.cwd() + '/out-webpack' } }, (error, stats) =>
         error || stats.hasErrors() ? failed(error ?? new Error(stats.toString())) : done()))`,
    ],
    [
      'Rollup',
      `const { rollup } = await import('rollup'); const { default: resolve } = await import('@rollup/plugin-node-resolve')
       const bundle = await rollup({ input: 'page.js', plugins: [resolve({ browser: true })] })
       await bundle.write({ dir: 'out-rollup', format: 'es', inlineDynamicImports: true })`,
    ],
    [
      'esbuild',
      `await (await import('esbuild')).build({ entryPoints: ['page.js'], bundle: true, format: 'esm', outfile: 'out-esbuild/page.js' })`,
    ],
  ]
  it.each(BUNDLES)(
    'can bundle the element with %s',
    async (name, script) => {
      const node = join(nodeBin('22'), 'node')
      await run(node, ['--input-type=module', '--eval', script], { cwd: project })
      const out = join(project, `out-${name.toLowerCase()}`)
      const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((file) =>
        file.endsWith('.js'),
      )
      const code = files.map((file) => readFileSync(join(out, file), 'utf8')).join('\n')
      // the complete element, not the part without a DOM for Node
      expect(code).toContain('attachShadow')
      expect(code).toMatch(/customElements\.define|\.define\(["']kinescope-chat/)
    },
    5 * MINUTES,
  )
})

/** The plugin's example in the README, as TypeScript. */
const PLUGIN = `import Fastify from 'fastify'
import { kinescopeChat, ringKeySource } from 'kinescope-chat-server'
import { kinescopeChat as alone } from 'kinescope-chat-server/fastify'

declare module 'fastify' {
  interface FastifyRequest {
    user: { id: string; name: string } | null
  }
}
declare function mayWatch(user: { id: string }, eventId: string): boolean
const keys = await ringKeySource({ dir: './keys' })
const events = ['${EVENT}']
for (const app of [Fastify(), Fastify({ logger: true })])
  app.register(kinescopeChat, {
    prefix: '/chat',
    keys,
    events,
    authenticate: (request) => request.user && { id: request.user.id, name: request.user.name },
    authorize: ({ user, eventId }) => mayWatch(user, eventId),
  })
Fastify({ http2: true, https: {} }).register(alone, { keys, events, authenticate: () => null })
// @ts-expect-error a visitor has an id
Fastify().register(alone, { keys, events, authenticate: () => ({ name: 'Ann' }) })
`

describe('the plugin alone', () => {
  const MAX_PACKAGES = 80
  const MAX_BYTES = 30e6
  const project = () => join(folder, 'plugin')

  it(
    'needs at most 80 packages and 30 MB of files, and names the package that a setting needs',
    async () => {
      mkdirSync(project())
      writeFileSync(join(project(), 'package.json'), '{"private":true,"type":"module"}')
      const packages = [tarballs.element, tarballs.server, 'fastify@5']
      await npm(['install', '--omit=dev', '--omit=optional', ...packages], project(), '22')
      const listed = (await npm(['ls', '--all', '--parseable'], project(), '22')).trim().split('\n').slice(1)
      expect(listed.length).toBeLessThanOrEqual(MAX_PACKAGES)
      expect(listed.filter((path) => /ioredis|@kubernetes/.test(path))).toEqual([])
      const files = readdirSync(join(project(), 'node_modules'), { recursive: true, encoding: 'utf8' })
      const bytes = files.map((file) => lstatSync(join(project(), 'node_modules', file)).size)
      expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_BYTES)

      const main = join(project(), 'node_modules/kinescope-chat-server/bin/kinescope-chat-server.js')
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const env = {
        ...environment('22'),
        CHAT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        CHAT_KEY_ID: 'test-plugin',
        CHAT_EVENTS: EVENT,
        CHAT_ALLOWED_ORIGINS: ORIGIN,
        CHAT_IDENTITY: 'guest',
        CHAT_IDENTITY_SECRET: 'for this test only '.repeat(3),
        CHAT_REDIS_URL: 'redis://127.0.0.1:1',
        HOST: '127.0.0.1',
        PORT: '0',
      }
      const node = join(nodeBin('22'), 'node')
      await expect(run(node, [main, 'serve'], { cwd: project(), env, timeout: 20_000 })).rejects.toThrow(
        'npm install ioredis',
      )
    },
    5 * MINUTES,
  )

  it.each(['5.0.0', '5'])(
    'has types that fit Fastify %s',
    async (fastify) => {
      const cwd = join(folder, `fastify-${fastify}`)
      mkdirSync(cwd)
      writeFileSync(join(cwd, 'package.json'), '{"private":true,"type":"module"}')
      writeFileSync(join(cwd, 'plugin.ts'), PLUGIN)
      const packages = [`fastify@${fastify}`, 'typescript@6', '@types/node@22']
      await npm(['install', tarballs.element, tarballs.server, ...packages], cwd, '22')
      const options = '--noEmit --strict --module nodenext --target es2022 --types node'.split(' ')
      const lib = ['--lib', 'es2024,dom,esnext.disposable']
      const compiler = join(cwd, 'node_modules/typescript/bin/tsc')
      await run(join(nodeBin('22'), 'node'), [compiler, ...options, ...lib, 'plugin.ts'], { cwd })
    },
    5 * MINUTES,
  )
})
