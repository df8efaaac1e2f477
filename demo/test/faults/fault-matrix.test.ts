import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { API, CHAT, ENDPOINT, REDIS, SITE } from './cells.js'
import { HTTP_FAULTS, TCP_FAULTS, type HttpFault } from './fault-proxy.js'

const PAGE = new URL('../../../docs/fault-matrix.md', import.meta.url)

it('docs/fault-matrix.md shows the cells as they are', () => {
  if (process.env['UPDATE_DOCS']) writeFileSync(PAGE, page())
  expect(existsSync(PAGE) && readFileSync(PAGE, 'utf8')).toBe(page())
})

const code = (name: string) => `\`${name}\``
const or = (name: string | null, otherwise: string) => (name === null ? otherwise : code(name))
/** Lines of a table. */
const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

function page(): string {
  const http = (cells: (fault: HttpFault) => string[]) => HTTP_FAULTS.map((fault) => [fault, ...cells(fault)])
  return `# What happens when something between breaks

<!-- Written by demo/test/faults/fault-matrix.test.ts from the cells that the tests beside it play: UPDATE_DOCS=1 writes it anew. -->

A proxy stands on each link and does harm at a moment; the tests in \`demo/test/faults\` play every cell of these tables and
then take the fault away. Everywhere the end is a chat that is open or a [problem with a name](troubleshooting.md), never an empty
box, and what was broken comes back by itself when the fault is over.

- **hangs**: the request is taken and never answered.
- **dropped**, **reset**: the connection is closed, or torn, in place of an answer.
- **broken off**: the answer ends in the middle, after the work was done.
- **asked twice**: the request arrives twice.
- **garbage**: what comes back isn’t HTTP.
- The others are answers of somebody between: a proxy, a firewall, a sign-in form, a caching host.

## Between the page and the token endpoint

${table(
  ['fault', 'at the first load', 'at a refresh'],
  http((fault) => [
    or(ENDPOINT[fault], 'the chat opens'),
    ENDPOINT[fault] === null
      ? 'a new token'
      : `the open chat stays; the page’s script hears of it and asks again`,
  ]),
)}

## Between the page and the chat page

No browser tells a page what a frame of another site holds, or with which status it came. So somebody else’s answer in the
chat’s place is shown as it is, until the next token brings a new frame. Where nothing came in fifteen seconds, the visitor is
told so and offered to try again; a chat that was open stays.

${table(
  ['fault', 'at the first load', 'at a swap'],
  http((fault) => [
    or(CHAT[fault], CHAT_SEEN[fault] ?? 'what came is shown'),
    CHAT[fault] === null ? (CHAT_SEEN[fault] ?? 'what came is shown, never nothing') : 'the old chat stays',
  ]),
)}

## Between the token endpoint and the site’s who-is-it address

Nobody gets a token in another visitor’s name, and nobody waits longer than three seconds for the site.

${table(
  ['fault', 'what the visitor is told'],
  http((fault) => [or(SITE[fault], 'nothing: a token')]),
)}

## Between the token endpoint and Redis

Redis is waited for at most half a second a count; then each server counts for itself, asks for a new connection, and counts
together with the others again once Redis answers.

${table(
  ['fault', 'what the visitor is told'],
  TCP_FAULTS.map((fault) => [fault, or(REDIS[fault], 'nothing: a token')]),
)}

## Between the command line and Kinescope’s API

\`setup\` and \`keys rotate\`, with the fault on every request, and with the fault only on those that change something. Run again
when it is over, each finishes what it began: one key signs, each key is registered once.

${table(
  ['fault', 'the command ends with'],
  http((fault) => [API[fault].length ? `1, ${API[fault].map(code).join(' or ')}` : '0']),
)}
`
}

const CHAT_SEEN: Partial<Record<HttpFault, string>> = {
  delayed: 'the chat, when it has come',
  'asked twice': 'the chat',
}
