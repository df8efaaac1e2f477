import { spawnSync } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { createNodeHandler, fixedKeySource, importSigningKey, jwtIdentity } from 'kinescope-chat-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEventId } from '../../../packages/element/src/frame/chat-url.js'
import { originOf } from '../../../packages/server/src/endpoint/origin.js'
import { Refusal } from '../../../packages/server/src/endpoint/refusal.js'
import { readTokenRequest } from '../../../packages/server/src/endpoint/request.js'
import { userFrom, type IdentityAnswer } from '../../../packages/server/src/identity/identity.js'
import { cleanUsername } from '../../../packages/server/src/token/user-name.js'
import { makeKey } from '../../site/craft-token.js'
import { casesFor, contract, hold, type Contestant, type PublicKey } from './contract.js'
import { INTERPRETERS, PHP_PACKAGE, startPhpServer, whyNoPhp } from './php-server.js'

const missing = whyNoPhp()
if (missing) console.log(`Skipped: the PHP server is not tested. ${missing}`)

type Running = Contestant & { close(): Promise<void> }

async function startNodeServer(): Promise<Running> {
  const { kid, privateKey, registration } = makeKey('contract')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const handler = createNodeHandler({
    keys: fixedKeySource(await importSigningKey({ kid, privateKey: pem })),
    events: contract.events,
    allowedOrigins: contract.origins,
    authenticate: ({ headers }) => contract.visitors[String(headers['x-test-visitor'])] ?? null,
    authorize: ({ user }) => user.name !== 'Barred',
    limits: null,
  })
  const server = createServer((request, response) => void handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ownOrigin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${ownOrigin}/token`,
    ownOrigin,
    keys: () => [registration as unknown as PublicKey],
    visitorHeaders: (visitor) => ({ 'x-test-visitor': visitor }),
    close: async () => void (await once(server.close(), 'close')),
  }
}

describe.skipIf(missing)('one contract', () => {
  describe.each([
    ['the Node server', startNodeServer],
    ...INTERPRETERS.map((php): [string, () => Promise<Running>] => [
      `the PHP server in ${php}`,
      () => startPhpServer(php),
    ]),
  ])('%s', (_name, start) => {
    let server: Running
    beforeAll(async () => void (server = await start()))
    afterAll(() => server?.close())

    it.each(casesFor())('%s', (_name, test) => hold(server, test))
  })

  const readByPhp = (kind: string, values: readonly unknown[], php = 'php') => {
    const { stdout } = spawnSync(php, [join(PHP_PACKAGE, 'test/values.php'), kind], {
      input: JSON.stringify(values),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    return JSON.parse(stdout) as (string | null)[]
  }
  const shownByPhp = (names: readonly string[]) => readByPhp('names', names)

  it('reads a user id in the same way', () => {
    const ids = contract.userIds.map(([id]) => id)
    const read = (id: unknown) => {
      const answer = userFrom(id, '')
      return 'refused' in answer ? answer.refused : 'visitor'
    }
    expect(ids.map((id) => [id, read(id)])).toEqual(contract.userIds)
    for (const php of INTERPRETERS) {
      const found = readByPhp('userIds', ids, php)
      expect(ids.map((id, at) => [id, found[at]])).toEqual(contract.userIds)
    }
  })

  it('reads the origin of an address in the same way', () => {
    const addresses = contract.siteOrigins.map(([address]) => address)
    expect(addresses.map((address) => [address, originOf(address)])).toEqual(contract.siteOrigins)
    const found = readByPhp('siteOrigins', addresses)
    expect(addresses.map((address, at) => [address, found[at]])).toEqual(contract.siteOrigins)
  })

  // the plugin's own tests read the same list
  it('reads an id as the WordPress plugin does', () => {
    const ids = contract.pastedIds.map((text) => readEventId(text, 'https://kinescope.io'))
    expect([...new Set(ids)]).toEqual([contract.events[0]])
  })

  it('reads an identity token in the same way', async () => {
    const secret = randomBytes(32).toString('hex')
    const now = 1000
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const tokens = contract.identityTokens.map(({ header, claims, without }) => {
      const usual = { aud: 'kinescope-chat', sub: '7', name: 'Ann', event_id: 'x', exp: 1060 }
      const kept = Object.entries({ ...usual, ...claims }).filter(([name]) => name !== without)
      const signed = `${encode({ alg: 'HS256', ...header })}.${encode(Object.fromEntries(kept))}`
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
    })
    const expected = contract.identityTokens.map((test) => [test.name, test.expected])
    const named = (found: readonly unknown[]) =>
      contract.identityTokens.map(({ name }, at) => [name, found[at]])
    const identify = jwtIdentity({ key: { secret }, now: () => now * 1000 })
    const { signal } = new AbortController()
    const answerOf = (answer: IdentityAnswer) => ('refused' in answer ? answer.refused : answer.user.id)
    const byNode = tokens.map(async (token) =>
      answerOf(
        await identify({ header: () => `Bearer ${token}`, address: null, request: null }, 'x', { signal }),
      ),
    )
    expect(named(await Promise.all(byNode))).toEqual(expected)
    const cases = tokens.map((token) => ({ token, secret, now }))
    for (const php of INTERPRETERS) expect(named(readByPhp('identityTokens', cases, php))).toEqual(expected)
  })

  it('reads any stream id in the same way', () => {
    const read = (id: string) => {
      try {
        readTokenRequest({ value: { event_id: id } }, false)
        return 'event-not-allowed'
      } catch (error) {
        return error instanceof Refusal ? error.code : error
      }
    }
    const marks = [...' \u00a0\u00ad\u034f\u180e\u200b\u2028\u3000\u3164\ufe0f\ufeff\n\u0085#%${(@|:[😀']
    const around = fc.constantFrom('', '', '__', 'https:', 'ж'.repeat(127), ...marks)
    const words = fc.constantFrom(
      ...'undefined NULL nan None nil true False ID 7B %7b 0csUJYzAHfe3PcyMEVScmQ'.split(' '),
    )
    const any = fc.array(fc.oneof(around, words), { minLength: 1, maxLength: 5 }).map((all) => all.join(''))
    const ids = fc.sample(any, { numRuns: 20_000, seed: 42 })
    const found = readByPhp('eventIds', ids)
    const differ = ids.filter((id, at) => read(id) !== found[at])
    expect(differ.slice(0, 10).map((id) => JSON.stringify(id))).toEqual([])
  })

  it('shows a name in the same way', () => {
    const raw = contract.names.map(([name]) => name)
    const expected = contract.names.map(([, shown]) => shown)
    expect(raw.map(cleanUsername)).toEqual(expected)
    expect(shownByPhp(raw)).toEqual(expected)
  })

  it('shows any name in the same way', () => {
    const pieces = fc.constantFrom(
      ...[
        'a',
        'Ж',
        'é',
        'e\u0301',
        ' ',
        '\t',
        '\n',
        '@',
        '.',
        'com',
        '-',
        '😀',
        '👩',
        '🏽',
        '\u200c',
        '\u200d',
        '\ufe0f',
      ],
      ...[
        '\u200b',
        '\u202e',
        '\u00ad',
        '\u2800',
        '\u3164',
        'ب',
        'د',
        'ا',
        '\u064b',
        'क',
        '\u094d',
        '1',
        '\u20e3',
        '\u0000',
      ],
      ...[
        '\ufeff',
        '\u00a0',
        '\u2028',
        '\u{e0041}',
        '＠',
        '[',
        ':',
        '中',
        '\u180e',
        'x'.repeat(60),
        '\u0301'.repeat(3),
      ],
    )
    const any = fc.oneof(
      fc.array(pieces, { maxLength: 20 }).map((all) => all.join('')),
      fc.string({ unit: 'grapheme' }),
    )
    const names = fc.sample(any, { numRuns: 20_000, seed: 42 })
    const differ = shownByPhp(names).flatMap((shown, at) =>
      shown === cleanUsername(names[at]!)
        ? []
        : [[names[at]!, shown, cleanUsername(names[at]!)].map((text) => JSON.stringify(text))],
    )
    expect(differ.slice(0, 10)).toEqual([])
  })
})
