import { readEventId } from '../kinescope/event-id.js'
import { fetchQuietly } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import type { PageMarkup } from './page-markup.js'

const found = findingsAbout('page')
/** Scripts of one page that are requested. */
const MAX_SCRIPTS = 3

export interface MarkupQuestion {
  page: string
  /** Whether the page is longer than the part that was read. */
  truncated: boolean
  /** The token endpoint. */
  tokenUrl: string
  /** The ids that the server accepts for the stream; empty where none is known. */
  eventIds: readonly string[]
  signal: AbortSignal
}

/** Checks what the page's HTML has: the element's script, the tag, its event id and its token URL. */
export async function checkMarkup(markup: PageMarkup, question: MarkupQuestion): Promise<Finding[]> {
  const findings = [...(await checkScripts(markup, question)), ...checkChats(markup, question)]
  return findings.some(({ status }) => status !== 'ok')
    ? findings
    : [
        ...findings,
        found.ok(
          'page-markup',
          question.eventIds.length > 0
            ? 'the page has the element’s script and a tag with the right id and URL'
            : 'the page has the element’s script and a tag with the right URL',
        ),
      ]
}

async function checkScripts({ scripts }: PageMarkup, question: MarkupQuestion): Promise<Finding[]> {
  if (scripts.length === 0) {
    return [
      found.skip(
        'page-script-not-seen',
        `${htmlOf(question)} does not load kinescope-chat.js`,
        'Add `<script async src="…/kinescope-chat.js"></script>`. If a bundle or a script adds it, check it in the browser.',
      ),
    ]
  }
  const urls = [...new Set(scripts.map(({ src }) => src))].slice(0, MAX_SCRIPTS)
  const findings = await Promise.all(urls.map((src) => checkScript(src, question)))
  return findings.flat()
}

async function checkScript(src: string, { page, signal }: MarkupQuestion): Promise<Finding[]> {
  if (page.startsWith('https:') && src.startsWith('http:')) {
    return [
      found.fail('page-script', `the page is https:, its script ${src} is not`, 'Use https: in its src.'),
    ]
  }
  const response = await fetchQuietly(src, { signal })
  const what = 'failure' in response ? response.failure : String(response.status)
  const type = 'failure' in response ? '' : (response.headers.get('content-type') ?? '')
  if (what === '200' && /javascript/i.test(type)) return []
  return [
    found.fail(
      'page-script',
      `the page’s script ${src} can’t be loaded (${what === '200' ? `type ${type || 'missing'}` : what})`,
      'Correct its src: the token server has the script at /kinescope-chat.js, below CHAT_BASE_PATH.',
    ),
  ]
}

function checkChats({ chats: written, scripts, base }: PageMarkup, question: MarkupQuestion): Finding[] {
  const { tokenUrl, eventIds } = question
  // a link becomes a chat only where the script's tag says so; a bundle may do it in code
  const upgradesLinks =
    scripts.length === 0 || scripts.some(({ attributes }) => attributes.has('data-upgrade'))
  const chats = written.filter(({ how }) => how !== 'link' || upgradesLinks)
  if (chats.length === 0 && written.length > 0) {
    return [
      found.skip(
        'page-tag-not-seen',
        `${htmlOf(question)} has a link to the chat, which stays a link`,
        'To make it a chat, add data-upgrade="SELECTOR" to the script’s tag. If code calls upgrade(), check it in the browser.',
      ),
    ]
  }
  if (chats.length === 0) {
    return [
      found.skip(
        'page-tag-not-seen',
        `${htmlOf(question)} has no chat`,
        'Give --origin the full address of the page with the chat. If a script adds the tag, check it in the browser.',
      ),
    ]
  }
  const missing = chats.filter(({ eventId }) => (eventId ?? '').trim() === '')
  const ids = chats.flatMap(({ eventId }) => (eventId?.trim() ? [readEventId(eventId)] : []))
  const isRight = eventIds.length === 0 || ids.some((id) => eventIds.includes(id))
  return [
    ...(missing.length === 0
      ? []
      : [
          found.fail(
            'event-id-missing',
            'a chat on the page has no event-id',
            'Add event-id="ID" to the tag.',
          ),
        ]),
    ...(isRight || ids.length === 0
      ? []
      : [
          found.fail(
            'page-event-id',
            `the page’s event-id is ${[...new Set(ids)].join(', ')}`,
            `Use event-id="${eventIds[0]}".`,
          ),
        ]),
    ...tokenUrlFinding(),
  ]

  /** The element's rule: the tag, then the script's `data-token-url`, then `token` beside the script. */
  function tokenUrlFinding(): Finding[] {
    const fromScript = scripts.flatMap(({ src, attributes }) => {
      const set = attributes.get('data-token-url')
      return set?.trim() ? resolved(set) : [new URL('token', src).href]
    })
    const used = chats.flatMap(({ attributes }) => {
      const set = attributes.get('token-url')
      return set?.trim() ? resolved(set) : fromScript.slice(0, 1)
    })
    const wrong = used.find((url) => url !== tokenUrl)
    if (wrong === undefined) return []
    return [
      found.fail(
        'page-token-url',
        `the page requests tokens from ${wrong}, not from ${tokenUrl}`,
        'Correct token-url on the tag, or load the script from the token server. If the page is right, give the doctor that address with --token-url.',
      ),
    ]
  }

  function resolved(text: string): string[] {
    return URL.canParse(text, base) ? [new URL(text, base).href] : [text]
  }
}

const htmlOf = ({ page, truncated }: MarkupQuestion): string =>
  truncated ? `the part of ${page} that was read` : `the HTML of ${page}`
