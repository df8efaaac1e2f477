import { fetchQuietly, isPage, type Fetched, type NotFetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import { checkMarkup } from './markup-checks.js'
import { readMarkup, type PageMarkup } from './page-markup.js'
import {
  allows,
  allowsScript,
  allowsTrustedTypes,
  needsNonce,
  readPolicies,
  TRUSTED_TYPES_POLICY,
} from './page-policy.js'
import { readStartTags, type StartTag } from './start-tags.js'

const found = findingsAbout('page')
/** Pages with their data in them are long. */
const MAX_PAGE_MIB = 4
const cutOff = found.skip(
  'page-truncated',
  `the page is longer than ${MAX_PAGE_MIB} MiB: the rest was not read`,
  'Check the chat in the browser.',
)

/** A page as it was read; `markup` is null where no HTML came. */
export interface PageReading {
  answer: Fetched | NotFetched
  tags: readonly StartTag[]
  markup: PageMarkup | null
}

export async function readPage(page: string, signal: AbortSignal): Promise<PageReading> {
  const answer = await fetchQuietly(page, { maxBytes: MAX_PAGE_MIB * 2 ** 20, signal })
  if ('failure' in answer || answer.status !== 200 || !isPage(answer))
    return { answer, tags: [], markup: null }
  const tags = readStartTags(answer.text)
  return { answer, tags, markup: readMarkup(tags, page) }
}

export interface PageQuestion {
  /** The page, or the origin it lies on. */
  page: string
  reading: PageReading
  chatOrigin: string
  /** The token endpoint. */
  tokenUrl: string
  /** The ids that the server accepts for the stream. */
  eventIds: readonly string[]
  signal: AbortSignal
}

/** Checks the page with the chat: its policy, and what its HTML has. */
export async function checkPage(question: PageQuestion): Promise<Finding[]> {
  const { page, reading, chatOrigin, tokenUrl } = question
  const { answer, tags, markup } = reading
  const server = new URL(tokenUrl).origin
  const needs = `frame-src ${chatOrigin}; connect-src ${server}; script-src ${server}`
  if ('failure' in answer) {
    return [
      found.warn(
        'page-unread',
        `${page} can’t be read (${answer.failure}), so its policy and its tag are not known`,
        `Check the address. A Content-Security-Policy needs: ${needs}`,
      ),
    ]
  }
  const { status, headers, truncated } = answer
  if (markup === null) {
    const to = headers.get('location')
    const where = status >= 300 && status < 400 && to !== null ? `, to ${to.replace(/[?#].*$/s, '')}` : ''
    return [
      found.skip(
        'page-unread',
        `${page} did not return a page (${status}${where}), so its policy and its tag are not known`,
        'Give --origin the full address of the page with the chat, which opens without signing in.',
      ),
    ]
  }
  const origin = new URL(page).origin
  const policies = readPolicies(headers.get('content-security-policy'), tags)
  const findings: Finding[] = truncated ? [cutOff] : []
  if (!allows(policies, 'frame-src', `${chatOrigin}/chat/ID`, origin)) {
    findings.push(
      found.fail(
        'frame-blocked',
        `the page’s Content-Security-Policy forbids the chat’s frame`,
        `Add to it: frame-src ${chatOrigin}`,
      ),
    )
  }
  if (!allows(policies, 'connect-src', tokenUrl, origin)) {
    findings.push(
      found.fail(
        'connect-blocked',
        'the page’s Content-Security-Policy forbids the call for a token',
        `Add to it: connect-src ${server}`,
      ),
    )
  }
  const blocked = markup.scripts.find((script) => !allowsScript(policies, script, origin))
  if (blocked) {
    findings.push(
      found.fail(
        'script-blocked',
        `the page’s Content-Security-Policy forbids the element’s script ${blocked.src}`,
        needsNonce(policies)
          ? 'Write the page’s nonce on the script’s tag: nonce="…".'
          : `Add to it: script-src ${sourceFor(blocked.src, origin)}`,
      ),
    )
  }
  if (markup.scripts.length > 0 && !allowsTrustedTypes(policies)) {
    findings.push(
      found.fail(
        'script-blocked',
        'the page’s Content-Security-Policy forbids the element’s Trusted Types policy, so its script stops',
        `Add the name to it: trusted-types ${TRUSTED_TYPES_POLICY}`,
      ),
    )
  }
  if (
    /^(require-corp|credentialless)$/i.test(
      headers.get('cross-origin-embedder-policy')?.split(';')[0]?.trim() ?? '',
    )
  ) {
    findings.push(
      found.fail(
        'frame-blocked',
        'the page is cross-origin isolated (Cross-Origin-Embedder-Policy): browsers block a chat without the matching header',
        'Leave that header out on the page with the chat.',
      ),
    )
  }
  findings.push(...(await checkMarkup(markup, { ...question, truncated })))
  if (findings.some(({ status }) => status === 'fail')) return findings
  const what = markup.scripts.length > 0 ? 'the chat' : 'the chat’s frame and the call for a token'
  return [
    ...findings,
    policies.length > 0
      ? found.ok('page-policy', `the page’s Content-Security-Policy allows ${what}`)
      : found.ok('page-policy', `the page has no Content-Security-Policy; one would need: ${needs}`),
  ]
}

const sourceFor = (src: string, pageOrigin: string): string =>
  new URL(src).origin === pageOrigin ? "'self'" : new URL(src).origin
