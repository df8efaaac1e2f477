import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** A signed JWT, a private key in PEM with its body, a private JWK. */
const SECRETS = [
  /\beyJ[\w-]{10,}\.[\w-]{16,}\.[\w-]{40,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[\w+/]{40}/,
  /"(d|dp|qi)"\s*:\s*"[\w-]{40,}"/,
]
const holdsSecret = (text: string) => SECRETS.some((secret) => secret.test(text))

describe('the repository', () => {
  it('holds no token and no private key: those of tests are made at run time', () => {
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
    const texts = files.filter((file) => file && !/\.png$/.test(file))
    expect(texts).toContain('README.md')
    expect(texts.filter((file) => holdsSecret(readFileSync(`${root}/${file}`, 'utf8')))).toEqual([])
  })

  it('would notice one', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const body = `${encode({ alg: 'RS256' })}.${encode({ user_id: 'u', aud: 'chat' })}`
    const token = `${body}.${sign('sha256', Buffer.from(body), privateKey).toString('base64url')}`
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    for (const secret of [token, pem, JSON.stringify(privateKey.export({ format: 'jwk' }), null, 2)])
      expect(holdsSecret(`x = '${secret}'`)).toBe(true)
  })
})

describe('where the packages say they come from', () => {
  const script = `${root}/scripts/repository.mjs`
  const folder = mkdtempSync(`${tmpdir()}/kinescope-chat-repository-`)
  afterAll(() => rmSync(folder, { recursive: true }))
  const read = (name: string) =>
    JSON.parse(readFileSync(`${folder}/packages/${name}/package.json`, 'utf8')) as Record<string, unknown>
  const run = (cwd: string, ...words: string[]) =>
    spawnSync(process.execPath, [script, ...words], { cwd, encoding: 'utf8' })

  for (const name of ['element', 'server']) {
    mkdirSync(`${folder}/packages/${name}`, { recursive: true })
    cpSync(`${root}/packages/${name}/package.json`, `${folder}/packages/${name}/package.json`)
  }

  it.each([
    ['git@git.example:team/chat.git', 'https://git.example/team/chat'],
    ['ssh://git@git.example:2222/team/chat.git', 'https://git.example/team/chat'],
    ['https://user@git.example/team/sub/chat', 'https://git.example/team/sub/chat'],
  ])('is written by one command: %s', (remote, address) => {
    const before = read('server')
    expect(run(folder, remote)).toMatchObject({ status: 0 })
    for (const name of ['element', 'server'])
      expect(read(name)).toMatchObject({
        repository: { type: 'git', url: `git+${address}.git`, directory: `packages/${name}` },
        homepage: `${address}#readme`,
        bugs: `${address}/issues`,
      })
    expect(read('server')).toMatchObject(before['repository'] ? {} : before)
    expect(run(`${folder}/packages/server`, '--check')).toMatchObject({ status: 0, stderr: '' })
  })

  it('is taken from the git remote, and named as missing where there is none', () => {
    execFileSync('git', ['init', '-q'], { cwd: folder })
    expect(run(folder)).toMatchObject({ status: 1 })
    expect(run(folder, 'nowhere').stderr).toContain('no address of a repository: nowhere')
    execFileSync('git', ['remote', 'add', 'origin', 'git@git.example:a/b.git'], { cwd: folder })
    expect(run(folder)).toMatchObject({
      status: 0,
      stdout: 'The packages come from https://git.example/a/b\n',
    })
  })

  it('is asked for before anything is published', () => {
    for (const name of ['element', 'server']) {
      const { scripts, repository } = JSON.parse(
        readFileSync(`${root}/packages/${name}/package.json`, 'utf8'),
      ) as { scripts: Record<string, string>; repository?: unknown }
      expect(scripts['prepublishOnly']).toBe('node ../../scripts/repository.mjs --check')
      expect(run(`${root}/packages/${name}`, '--check').status).toBe(repository ? 0 : 1)
    }
  })
})
