import { html, nothing, render } from 'lit'
import { announce } from './announce.js'
import { find } from './make.js'
import type { PageFacts } from './page-facts.js'
import { snippets, type SnippetKind } from './snippets.js'
import { say } from './words.js'

/** What belongs to this bench and exists nowhere else. */
const OF_THE_BENCH = ['event-id', 'chat-origin', 'token-url', 'token', 'identity', 'preview', 'debug', 'id']
const kept = { server: 'https://chat.example.com', event: '' }
let fixed: { file: string; integrity: string } | undefined

/** The code to paste, each way with a button that copies it. Its addresses are the reader's own, not the bench's. */
export function drawCode(facts: PageFacts, given: Record<string, string>, quietly: typeof fetch): void {
  if (!fixed) void readHash(facts, quietly).then(() => fixed && drawCode(facts, given, quietly))
  const draw = () => drawCode(facts, given, quietly)
  const attributes = Object.fromEntries(
    Object.entries(given).filter(([name]) => !OF_THE_BENCH.includes(name)),
  )
  const eventId = kept.event || '0csUJYzAHfe3PcyMEVScmQ'
  const tokenServer = kept.server.trim().replace(/\/+$/, '')
  const readable = URL.canParse(tokenServer)
  const field = (name: keyof typeof kept, word: 'yourServer' | 'yourStream', value: string) =>
    html`<div class="field">
      <label for=${`code-${name}`}>${say(word)}</label>
      <input
        id=${`code-${name}`}
        spellcheck="false"
        .value=${value}
        @change=${({ currentTarget }: Event) => {
          kept[name] = (currentTarget as HTMLInputElement).value
          draw()
        }}
      />
    </div>`
  const codes = readable ? Object.entries(snippets({ tokenServer, eventId, attributes, fixed })) : []
  render(
    html`${field('server', 'yourServer', kept.server)} ${field('event', 'yourStream', eventId)}
    ${readable ? nothing : html`<p role="alert">${say('noAddress')}</p>`}
    ${codes.map(([kind, code]) =>
      code
        ? html`<div class="snippet" data-kind=${kind}>
            <h3>${say(kind as SnippetKind)}</h3>
            <pre tabindex="0">${code}</pre>
            <button @click=${({ currentTarget }: Event) => void copyText(code, currentTarget as HTMLElement)}>
              ${say('copy')}
            </button>
            <span class="quiet"></span>
          </div>`
        : nothing,
    )}`,
    find('panel-code'),
  )
}

/** The hash is of the very file that this bench serves: it is the same one everywhere in this version. */
async function readHash({ tokenServer }: PageFacts, quietly: typeof fetch): Promise<void> {
  const list = await quietly(`${tokenServer}/kinescope-chat.json`).then(
    (reply) => reply.json() as Promise<Record<string, typeof fixed>>,
    () => undefined,
  )
  fixed = list?.['kinescope-chat.js']
}

/** Copies, and says so beside the button and aloud; where that is forbidden, the text is selected. */
export async function copyText(text: string, button: HTMLElement): Promise<void> {
  const done = await navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  )
  if (!done) {
    const shown = button.parentElement?.querySelector('pre')
    if (shown) getSelection()?.selectAllChildren(shown)
    else prompt(say('copyResults'), text)
  }
  const word = done ? 'copied' : 'notCopied'
  announce(word)
  const note = button.nextElementSibling
  if (!note) return
  note.textContent = say(word)
  setTimeout(() => (note.textContent = ''), 2000)
}
