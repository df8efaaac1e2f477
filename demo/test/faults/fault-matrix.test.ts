import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { API, CHAT, ENDPOINT, REDIS, SITE } from './cells.js'
import { HTTP_FAULTS, type HttpFault } from './http-faults.js'
import { TCP_FAULTS } from './tcp-proxy.js'

const PAGE = new URL('../../../docs/fault-matrix.md', import.meta.url)

it('docs/fault-matrix.md shows the cells as they are', () => {
  if (process.env['UPDATE_DOCS']) writeFileSync(PAGE, page())
  expect(existsSync(PAGE) && readFileSync(PAGE, 'utf8')).toBe(page())
})

const code = (name: string) => `\`${name}\``
const or = (name: string | null, otherwise: string) => (name === null ? otherwise : code(name))
/** A table of faults and moments. */
function table(moments: Record<string, (fault: HttpFault) => string>): string {
  return lines(
    ['fault', ...Object.keys(moments)],
    HTTP_FAULTS.map((fault) => [fault, ...Object.values(moments).map((cell) => cell(fault))]),
  )
}
const lines = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const WORDS: Record<HttpFault, string> = {
  delayed: 'the answer comes, later.',
  hangs: 'the request is taken and never answered.',
  dropped: 'the connection is closed in place of an answer.',
  reset: 'the connection is torn in place of an answer.',
  'broken off': 'the answer ends in the middle, after the work was done.',
  'stands still': 'the answer stops in the middle, and the connection stays.',
  drips: 'the answer comes byte by byte, four a second.',
  'never ends': 'blanks, without an end.',
  'asked twice': 'the request arrives twice.',
  'answered twice': 'the answer comes twice on the one connection.',
  'early hints': 'an answer 103 comes first.',
  garbage: 'what comes back isn’t HTTP.',
  'broken chunks': 'the answer breaks off in something that is no chunk.',
  'too short a length': '`Content-Length` says half of what comes.',
  'packed, it says': '`Content-Encoding: gzip`, and it isn’t.',
  'a flood of headers': '400 kB of them.',
  'a proxy’s 502': 'HTML.',
  'a 500 in HTML': 'a framework’s page.',
  'a challenge, 403': 'HTML, of a firewall that wants to see a browser.',
  'a page, 200': 'HTML: a caching host’s, a captive portal’s.',
  'nothing, 200': 'an empty body.',
  'nothing, 204': 'no content.',
  'half of the JSON': 'well sent, badly made.',
  'another’s JSON, 200': '`{"status":"ok"}`.',
  'a sign-in form, 302': 'a redirect to it.',
  'a redirect loop': 'a redirect to the same address.',
  'a 404 page': 'HTML.',
  'a 429 of somebody else': 'HTML.',
}

function page(): string {
  return `# What happens when something between breaks

<!-- Written by demo/test/faults/fault-matrix.test.ts from the cells that the tests beside it play: UPDATE_DOCS=1 writes it anew. -->

A proxy stands on each link and does harm at a moment; the tests in \`demo/test/faults\` play every cell of these tables and
then take the fault away. Every cell ends with an open chat or a [problem with a name](troubleshooting.md), never an empty
box. The chat recovers automatically when the fault is over.

\`npm run test:all\` plays the tables below. \`npm run soak\` plays them too, and all faults during a shutdown. \`npm test\`
plays each fault between a page and the endpoint, and between a page and the chat, at one of the link’s moments. It tries a
shutdown only with the faults that hold a request (delayed, hangs, stands still, drips).

${lines(
  ['link', 'first load', 'refresh', 'swap', 'wake', 'rotation', 'shutdown'],
  [
    [
      'page → endpoint',
      'every fault',
      'every fault',
      '– a swap asks it nothing',
      'every fault, after two hours’ sleep',
      '– a page knows no keys: the next token is a refresh’s',
      'every fault: the chat is taken off the page',
    ],
    [
      'page → chat',
      'every fault',
      '– that is the swap',
      'every fault',
      'every fault, out of the back/forward cache',
      '– a page knows no keys',
      'every fault: the chat is taken off the page',
    ],
    [
      'endpoint → site',
      'every fault',
      '– the endpoint can’t tell it from a first load',
      '– none of its business',
      '– the same',
      'every fault: the key is replaced while visitors wait',
      'every fault; SIGTERM to a process: those that hold',
    ],
    [
      'endpoint → Redis',
      'every fault, at a question and at the server’s start',
      '– the endpoint can’t tell it from a first load',
      '– none of its business',
      '– the same',
      'every fault',
      'every fault',
    ],
    [
      'CLI → API',
      'every fault: `setup`',
      '– it serves no visitors',
      '–',
      '–',
      'every fault: `keys rotate`',
      'SIGTERM to both: those that hold',
    ],
  ],
)}

The faults:

${HTTP_FAULTS.map((fault) => `- **${fault}**: ${WORDS[fault]}`).join('\n')}

## Between the page and the token endpoint

After a sleep in which the token has ended the chat stays on the page, with a word over it, until there is a new one. A chat that
is taken off the page while a fault holds asks no more and says no more.

${table({
  'at the first load': (fault) => or(ENDPOINT[fault], 'the chat opens'),
  'at a refresh': (fault) =>
    ENDPOINT[fault] === null
      ? 'a new token'
      : 'the open chat stays; the page’s script hears of it and asks again',
  'at waking': (fault) => or(ENDPOINT[fault] && 'token-expired', 'a new token, at once'),
})}

## Between the page and the chat page

No browser tells a page what a frame of another site holds, or with which status it came. So an unexpected response in the
chat’s place is shown as it is, until the next token brings a new frame. Where nothing came in fifteen seconds, the visitor is
told so and offered to try again; a chat that was open stays.

${table({
  'at the first load': (fault) => or(CHAT[fault], CHAT_SEEN[fault] ?? 'what came is shown'),
  'at a swap, at waking': (fault) =>
    CHAT[fault] === null ? (CHAT_SEEN[fault] ?? 'what came is shown, never nothing') : 'the old chat stays',
})}

## Between the token endpoint and the site’s identity endpoint

Nobody gets a token in another visitor’s name, and nobody waits longer than three seconds for the site. Told to stop, the server
answers every open request, and is gone in under five seconds.

${table({
  'at a question': (fault) => or(SITE[fault], 'a token'),
  'at a rotation': (fault) => or(SITE[fault], 'a token by the new key'),
  'at shutdown': (fault) => or(SITE[fault], 'a token'),
})}

## Between the token endpoint and Redis

A server waits half a second for Redis. Then it counts alone and reconnects. When Redis answers, all count
together again. A server that is started meanwhile starts.

${lines(
  ['fault', 'at a question', 'at a start', 'at a rotation', 'at shutdown'],
  TCP_FAULTS.map((fault) => [
    fault,
    ...['a token', 'a token', 'a token by the new key', 'a token'].map((fine) => or(REDIS[fault], fine)),
  ]),
)}

## Between the command line and Kinescope’s API

\`setup\` and \`keys rotate\`, with the fault on every request, and with the fault only on those that change something. Run again
when it is over, each finishes what it began: one key signs, each key is registered once. So it does where SIGTERM has ended the
first run.

${table({
  'the command ends with': (fault) => (API[fault].length ? `1, ${API[fault].map(code).join(' or ')}` : '0'),
})}
`
}

const CHAT_SEEN: Partial<Record<HttpFault, string>> = {
  delayed: 'the chat, when it has come',
  'asked twice': 'the chat',
  'answered twice': 'the chat',
  'early hints': 'the chat',
}
