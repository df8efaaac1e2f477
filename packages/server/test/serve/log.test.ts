import { describe, expect, it } from 'vitest'
import { loggedPath, pathOf } from '../../src/net/request-facts.js'
import { createLogger, describeError, withoutSecrets } from '../../src/serve/log.js'
import { secret, secretsIn } from '../secrets.js'
import { makeKey } from '../running-server.js'

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJlLW9mLXRoZS1zaXRl'

describe('the search for secrets', () => {
  it('finds each kind', () => {
    const { pem } = makeKey()
    const apiToken = secret('3f0b2c1e-1111-4222-8333-444455556666')
    for (const text of [
      JWT,
      pem,
      `Authorization: Bearer abcdef0123456789`,
      'Set-Cookie: sid=1',
      'cookie":"sid=1',
      apiToken,
    ]) {
      expect(secretsIn(`{"msg":"before ${text} after"}`), text.slice(0, 20)).not.toEqual([])
    }
    expect(secretsIn('{"msg":"token made","kid":"20261125-R4f1JA_2CQSm9GZg"}')).toEqual([])
  })
})

describe('the logger', () => {
  const logged = (write: (logger: ReturnType<typeof createLogger>) => void) => {
    const lines: string[] = []
    write(createLogger('debug', { write: (line) => void lines.push(line) }))
    return lines.join('')
  }

  it('removes secrets from errors, from their causes and from logged requests of a host', () => {
    const { pem } = makeKey()
    const cause = new Error(`upstream said ${pem}`)
    const text = logged((logger) => {
      logger.error({ err: new Error(`bad token ${JWT}`, { cause }) }, 'failed')
      logger.info({
        req: { method: 'GET', url: `/embed/x?identity=${JWT}`, id: '1', headers: { cookie: 'sid=1' } },
      })
      logger.info({ token: JWT, headers: { authorization: `Bearer ${JWT}`, cookie: 'sid=1' } })
    })
    expect(secretsIn(text)).toEqual([])
    expect(text).toContain('/embed/x')
    expect(text).toContain('bad token')
  })

  it.each([
    ['a query', '?identity='],
    ['an encoded query', '%3Fidentity%3D'],
    ['a query encoded twice', '%253fidentity%253D'],
    ['an encoded fragment', '%23kinescope-chat='],
    ['a parameter without ?', '&identity='],
    ['a path parameter', ';identity='],
    ['a slash', '/'],
  ])('never has a token that follows %s in a path', (_what, between) => {
    const text = logged((logger) => {
      for (const token of [JWT, JWT.replaceAll('.', '%2E')]) {
        const url = `/embed/E1${between}${token}`
        logger.info({ req: { method: 'GET', url, id: '1' } })
        logger.error({ err: new Error(`no route ${url}`) })
      }
    })
    expect(text).not.toMatch(/eyJ|c2ln/)
    expect(text).toContain('"path":"/embed/')
  })

  it('keeps the paths of routes, and cuts others where a token could begin', () => {
    const id = '3f0b2c1e-0000-4000-8000-00000000abcd'
    for (const path of ['/', '/chat/token', '/embed.js', `/chat/embed/${id}`, '/wp-json/wp/v2/users'])
      expect(loggedPath(path)).toBe(path)
    expect(loggedPath(`/a/${'b'.repeat(37)}/c`)).toBe('/a/…')
    expect(loggedPath('ftp://user:word@host/')).toBe('…')
  })

  it('keeps type, code and message of an error, and no stack', () => {
    const error = Object.assign(new TypeError('no'), { code: 'E_NO' })
    expect(describeError(error)).toEqual({ type: 'TypeError', code: 'E_NO', message: 'no' })
    expect(describeError('text')).toEqual({ type: 'string', message: 'text' })
  })

  it('keeps ordinary text unchanged', () => {
    const text =
      'connect ECONNREFUSED 127.0.0.1:6379 for www.example.com, version 1.2.3, kid 20261125-R4f1JA_2CQSm9GZg'
    expect(withoutSecrets(text)).toBe(text)
    expect(withoutSecrets('redis://user:hunter2@127.0.0.1')).not.toContain('hunter2')
    expect(pathOf('/a/b?c=d#e')).toBe('/a/b')
  })
})
