import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

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
