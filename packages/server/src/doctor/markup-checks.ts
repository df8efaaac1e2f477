import { createHash } from 'node:crypto'
import { httpUrl, listedOrigins, readEventId } from 'kinescope-chat/chat-url'
import { fetchQuietly, type Fetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import type { PageMarkup } from './page-markup.js'

const found = findingsAbout('page')
/** Scripts of one page that are requested. */
const MAX_SCRIPTS = 3

type Script = PageMarkup['scripts'][number]

export interface MarkupQuestion {
  page: string
  chatOrigin: string
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
  const bySrc = new Map(scripts.map((script) => [script.src, script]))
  const findings = await Promise.all(
    [...bySrc.values()].slice(0, MAX_SCRIPTS).map((script) => checkScript(script, question)),
  )
  return findings.flat()
}

async function checkScript(
  { src, attributes }: Script,
  { page, signal }: MarkupQuestion,
): Promise<Finding[]> {
  if (page.startsWith('https:') && src.startsWith('http:')) {
    return [
      found.fail('page-script', `the page is https:, its script ${src} is not`, 'Use https: in its src.'),
    ]
  }
  const { origin } = new URL(page)
  const response = await fetchQuietly(src, { headers: { origin }, signal })
  const what = 'failure' in response ? response.failure : String(response.status)
  const type = 'failure' in response ? '' : (response.headers.get('content-type') ?? '')
  if (!('failure' in response) && what === '200' && /javascript/i.test(type)) {
    const fault =
      integrityFault(attributes, response) ??
      (new URL(src).origin === origin ? null : crossOriginFault(attributes, response, { origin, src }))
    if (fault === null) return []
    const message = `the page’s script ${src} is blocked: ${fault}`
    return [found.fail('page-script', message, 'Correct the tag, or the header at the server or its proxy.')]
  }
  return [
    found.fail(
      'page-script',
      `the page’s script ${src} can’t be loaded (${what === '200' ? `type ${type || 'missing'}` : what})`,
      'Correct its src: the token server has the script at /kinescope-chat.js, below CHAT_BASE_PATH.',
    ),
  ]
}

/** What keeps a browser from running a script whose tag has `integrity` (Subresource Integrity, section 3.3). */
function integrityFault(attributes: Script['attributes'], { bytes, truncated }: Fetched): string | null {
  if (truncated) return null
  const hashes = (attributes.get('integrity') ?? '').split(/\s+/)
  const strongest = ['sha512', 'sha384', 'sha256'].find((name) =>
    hashes.some((hash) => hash.startsWith(name)),
  )
  if (strongest === undefined) return null
  const hash = `${strongest}-${createHash(strongest).update(bytes).digest('base64')}`
  return hashes.some((given) => given.split('?')[0] === hash)
    ? null
    : `its integrity is that of another version, this one has ${hash}`
}

/** What keeps a browser from running a script of another origin (HTML, "fetch a classic script"; Fetch, CORP). */
function crossOriginFault(
  attributes: Script['attributes'],
  { headers }: Fetched,
  { origin, src }: { origin: string; src: string },
): string | null {
  const mode = attributes.get('crossorigin')?.trim().toLowerCase()
  const isModule = attributes.get('type')?.trim().toLowerCase() === 'module'
  if (isModule || mode !== undefined) {
    const allowed = headers.get('access-control-allow-origin')
    const why = isModule ? 'a module' : 'a tag with crossorigin'
    return allowed === origin || (allowed === '*' && mode !== 'use-credentials')
      ? null
      : `${why} needs Access-Control-Allow-Origin, which is ${allowed?.slice(0, 100) ?? 'missing'}`
  }
  if (attributes.get('integrity')?.trim()) return 'a tag with integrity needs crossorigin="anonymous"'
  const policy = headers.get('cross-origin-resource-policy')?.trim().toLowerCase()
  const isBlocked = policy === 'same-origin' || (policy === 'same-site' && !mayBeOneSite(origin, src))
  return isBlocked ? `Cross-Origin-Resource-Policy is ${policy}` : null
}

/** Whether two addresses may be of one site, whose name ends in two labels or more: only a browser knows how many. */
function mayBeOneSite(...urls: [string, string]): boolean {
  const [one, other] = urls.map((url) => new URL(url).hostname.split('.').slice(-2).join('.'))
  return one === other
}

function checkChats({ chats: written, scripts, base }: PageMarkup, question: MarkupQuestion): Finding[] {
  const { tokenUrl, eventIds, chatOrigin } = question
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
  // as the element reads them
  const read = chats.map(({ eventId }) => readEventId(eventId, chatOrigin))
  const ids = read.filter(Boolean)
  const others = [...new Set(ids)].filter((id) => !eventIds.includes(id))
  const isRight = eventIds.length === 0 || ids.some((id) => eventIds.includes(id))
  return [
    ...(ids.length === read.length
      ? []
      : [
          found.fail(
            'event-id-missing',
            'a chat on the page has no event-id, or a placeholder instead of one',
            'Add event-id="ID" to the tag. If a script sets it, check it in the browser.',
          ),
        ]),
    ...(isRight && eventIds.length > 0 && others.length > 0
      ? [
          found.skip(
            'page-other-events',
            `the page has other streams too, which were not checked: ${others.join(', ')}`,
            'Run the doctor again with --event and their ids.',
          ),
        ]
      : []),
    ...(chats.some(({ attributes }) => isOn(attributes.get('preview')))
      ? [
          found.fail(
            'page-preview',
            'a chat on the page has the attribute preview: it shows a placeholder',
            'Remove preview from the tag.',
          ),
        ]
      : []),
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
    ...chatOriginFinding(),
  ]

  /** A tag's `chat-origin` counts only where the script's `data-chat-origin` lists it. */
  function chatOriginFinding(): Finding[] {
    const [listed = []] = scripts.map(({ attributes }) => listedOrigins(attributes.get('data-chat-origin')))
    const used = chats.map(({ attributes }) => httpUrl(attributes.get('chat-origin'))?.origin)
    const wrong = used
      .map((origin) => (origin !== undefined && listed.includes(origin) ? origin : listed[0]))
      .find((origin) => origin !== undefined && origin !== chatOrigin)
    if (wrong === undefined) return []
    return [
      found.fail(
        'page-chat-origin',
        `the page opens the chat at ${wrong}, not at ${chatOrigin}`,
        'Correct data-chat-origin on the script’s tag. If the page is right, set KINESCOPE_CHAT_ORIGIN for the doctor.',
      ),
    ]
  }

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

/** A boolean attribute with the value `false` is off. */
const isOn = (value: string | undefined): boolean =>
  value !== undefined && value.trim().toLowerCase() !== 'false'

const htmlOf = ({ page, truncated }: MarkupQuestion): string =>
  truncated ? `the part of ${page} that was read` : `the HTML of ${page}`
