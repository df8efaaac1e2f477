import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { importWithPeer, OperatorProblem } from '../../src/problem.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The URLs of all modules that Node resolves while it imports `entry`. */
async function modulesLoadedBy(entry: string): Promise<string[]> {
  const hooks = `import { writeSync } from 'node:fs'
    export async function resolve(specifier, context, next) {
      const found = await next(specifier, context)
      writeSync(1, found.url + '\\n')
      return found
    }`
  const asModule = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`
  const register = `import { register } from 'node:module'; register(${JSON.stringify(asModule(hooks))})`
  const args = ['--import', asModule(register), '--input-type=module', '--eval', `await import('${entry}')`]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  return stdout.split('\n').filter((url) => url.startsWith('file:'))
}

it('the plugin loads neither the standalone server nor the Redis and cluster clients', async () => {
  const loaded = await modulesLoadedBy('kinescope-chat-server/fastify')
  expect(loaded.some((url) => url.endsWith('/dist/adapters/fastify.js'))).toBe(true)
  const unwanted =
    /\/dist\/(?:serve|cli|doctor)\/|\/(?:ioredis|rate-limiter-flexible|@kubernetes|prom-client|pino|commander)\//
  expect(loaded.filter((url) => unwanted.test(url))).toEqual([])
})

it('a missing optional peer is reported with the command that installs it', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  const load = importWithPeer('ioredis', 'CHAT_REDIS_URL', () => Promise.reject(missing))
  await expect(load).rejects.toMatchObject({
    name: OperatorProblem.name,
    code: 'dependency-missing',
    message: expect.stringContaining('CHAT_REDIS_URL needs the package ioredis') as string,
    remediation: expect.stringContaining('npm install ioredis') as string,
  })
  const broken = new Error('its own fault')
  await expect(importWithPeer('ioredis', 'CHAT_REDIS_URL', () => Promise.reject(broken))).rejects.toBe(broken)
})
