import fc from 'fast-check'
import stringWidth from 'string-width'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seedEvents, SEED } from '../../../../demo/emulator/seed-events.js'
import { run } from '../../src/cli/run.js'
import { escaped, escapedJson, Shown, shown, Terminal } from '../../src/cli/terminal.js'
import { listen } from '../running-server.js'
import { workbench, type Workbench } from './workbench.js'

/** Every character that a terminal interprets, hides or reorders. `clean` removes our own line ends. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u
/** Emoji contain joiners and selectors, as Unicode lists them. */
const EMOJI = new RegExp('\\p{RGI_Emoji}', 'gv')
const clean = (output: string) => output.replaceAll('\n', '').replace(EMOJI, '')

/** One character of each kind, between letters. */
const NASTY =
  'A\u001b[2J\u009b31mB\u202eC\u2066D\u200bE\u00adF\u2028G\u2029H\u{e0041}I\ufeffJ\u0007K\u007fL\rM\nN\u3164O\u061cP\ufdd0Q'

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(NASTY, '\ud800', 'a\ud800b', '\u001b]8;;https://x.test\u0007link\u001b]8;;\u0007'),
)

describe('an untrusted text', () => {
  it('is escaped for a terminal, and stays unchanged if it is plain', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(clean(escaped(text.replaceAll('\n', '')))).not.toMatch(HARMFUL)
        if (!HARMFUL.test(text)) expect(escaped(text)).toBe(text)
      }),
    )
  })

  it.each(['👩‍👩‍👧‍👦', '🏳️‍🌈', '❤️', '1️⃣', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '👋🏽'])('keeps %s unchanged', (emoji) => {
    expect(escaped(`a ${emoji} b`)).toBe(`a ${emoji} b`)
  })

  it.each(['a\u200db', '👩\u200d', '\u200d👩', 'a\ufe0f', '🏴\u{e0067}', '👩\u200d\u202e👧'])(
    'escapes a joiner that joins nothing: %j',
    (text) => {
      expect(escaped(text)).toContain('\\u')
    },
  )

  it('keeps its value in JSON and is harmless there', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.oneof(anyText, fc.array(anyText))), (value) => {
        const json = escapedJson(value)
        expect(clean(json)).not.toMatch(HARMFUL)
        expect(JSON.parse(json)).toEqual({ ...value })
      }),
    )
  })

  it('is escaped in a sentence, a line, a table and a list, at any width, with or without colours', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.constantFrom(undefined, 20, 40, 80, 200),
        fc.boolean(),
        (text, columns, isTTY) => {
          let output = ''
          const out = { isTTY, write: (part: string) => (output += part), ...(columns ? { columns } : {}) }
          const terminal = new Terminal(out, out, { plain: false, noColour: false })
          terminal.print(text)
          terminal.print(shown`it says ${text}`)
          terminal.print(terminal.line('fail', text, text))
          terminal.print(terminal.line('ok', terminal.colours.red(text)))
          terminal.print(
            terminal.table(
              [{ title: 'A' }, { title: 'B', optional: true }, { title: 'C' }],
              [[text, text, text]],
            ),
          )
          terminal.print(terminal.facts([['a', text]]))
          // oxlint-disable-next-line no-control-regex -- our own colours
          const own = /\u001b\[\d+m/g
          expect(clean(output.replace(own, ''))).not.toMatch(HARMFUL)
        },
      ),
    )
  })

  it('is escaped even if it looks like our own formatting', () => {
    expect(Shown.of('\u001b[1mbold').ansi).not.toContain('\u001b')
    expect(shown`${Shown.ours('\u001b[1mx\u001b[22m')}`.ansi).toContain('\u001b[1m')
  })
})

describe('tables', () => {
  const columns = [{ title: 'KID' }, { title: 'UUID', optional: true }, { title: 'NAME', cut: true }]
  it('fit any terminal: first, optional columns are dropped, then each row becomes a list', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ maxLength: 24 }), fc.string({ maxLength: 36 }), anyText), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 40, max: 160 }),
        (rows, width) => {
          const terminal = new Terminal(
            { write: () => 0, columns: width },
            { write: () => 0 },
            { plain: true, noColour: true },
          )
          const lines = terminal.table(columns, rows).ansi.split('\n')
          // a list has complete values, so that they can be copied
          if (lines[0]!.startsWith('KID'))
            for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })
})

describe('a command that prints untrusted text escapes it', () => {
  let bench: Workbench
  beforeEach(async () => {
    const events = seedEvents()
    for (const event of events) event.name = `${NASTY} ${event.name}`
    bench = await workbench({ events })
    await bench.kc('setup', '--event', SEED.live.id)
  })
  afterEach(() => bench.close())

  const harmless = async (...argv: string[]) => {
    for (const flags of [[], ['--json']]) {
      for (const columns of [undefined, 40, 80]) {
        let output = ''
        const out = { write: (text: string) => (output += text), ...(columns ? { columns } : {}) }
        await run([...argv, ...flags], {
          env: bench.env,
          stdout: out,
          stderr: out,
          now: bench.now,
          wait: () => Promise.resolve(),
        })
        expect(clean(output), argv.join(' ')).not.toMatch(HARMFUL)
        expect(output).toContain('\\u')
      }
    }
  }

  it('events list, show, enable and disable: titles', async () => {
    await harmless('events', 'list')
    await harmless('events', 'show', SEED.live.id)
    await harmless('events', 'enable', SEED.live.id)
    await harmless('events', 'disable', SEED.live.id, '--yes')
    await harmless('events', 'disable', SEED.live.id, '--dry-run')
  })

  it('setup and doctor: titles', async () => {
    await harmless('setup', '--event', SEED.live.id)
    await harmless('setup', '--event', SEED.live.id, '--dry-run')
    await harmless('doctor', '--event', SEED.live.id)
  })

  it('keys list: kids of other tools', async () => {
    bench.emulator.state.keys.push({ ...bench.emulator.state.keys[0]!, id: 'jwk_other', kid: NASTY })
    await harmless('keys', 'list')
  })

  it('token inspect and verify: claims', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { aud: 'chat', user_id: NASTY, username: NASTY, event_id: NASTY, exp: 4e9, [NASTY]: 1 }
    const token = `${part({ alg: 'RS256', kid: NASTY })}.${part(claims)}.AAAA`
    await harmless('token', 'inspect', token)
    await harmless('token', 'verify', token)
    await harmless('doctor', '--token', token)
  })

  it('the API’s errors', async () => {
    const api = await listen((_request, response) => {
      const error = { error: { code: 400999, message: NASTY, detail: NASTY } }
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(error))
    })
    bench.env['KINESCOPE_API_URL'] = api.url
    await harmless('events', 'list')
    await api.close()
  })

  it('file names, arguments and typing errors', async () => {
    await harmless('token', 'verify', 'x', '--jwk', `/nowhere/${NASTY.replaceAll('\0', '')}`)
    await harmless(NASTY)
    await harmless('keys', `--${NASTY}`)
  })

  it('the headers that the doctor reads', async () => {
    const header = 'a\u009bb\u00adc\u0085'
    const odd = await listen((request, response) => {
      if (request.method === 'OPTIONS') {
        response.writeHead(204, { 'access-control-allow-origin': header }).end()
      } else {
        response.writeHead(401, { 'content-type': 'application/json', 'cache-control': header }).end('{}')
      }
    })
    await harmless('doctor', '--url', odd.url, '--origin', 'http://localhost:1')
    await odd.close()
  })

  it('an audit log', async () => {
    const file = join(bench.folder, 'audit')
    const entry = {
      time: '2026-11-25T10:00:00Z',
      request_id: 'r',
      kid: NASTY,
      event_id: NASTY,
      user_id: NASTY,
      exp: 1,
      network: null,
    }
    writeFileSync(file, `${JSON.stringify(entry)}\n`.repeat(12))
    await harmless('audit', file)
    await harmless('audit', file, '--visitors')
  })
})
