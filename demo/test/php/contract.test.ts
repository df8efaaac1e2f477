import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { createNodeHandler, fixedKeySource, importSigningKey } from 'kinescope-chat-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

  const shownByPhp = (names: readonly string[]) => {
    const { stdout } = spawnSync('php', [join(PHP_PACKAGE, 'test/names.php')], {
      input: JSON.stringify(names),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    return JSON.parse(stdout) as string[]
  }

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
