/** The ways to embed the chat, in recommended order, and the policy for a page with a Content-Security-Policy. */
export type SnippetKind =
  | 'snippetClassic'
  | 'snippetFixed'
  | 'snippetModule'
  | 'snippetLink'
  | 'snippetDiv'
  | 'snippetFrame'
  | 'snippetPolicy'

export interface SnippetFacts {
  /** The address of the operator's own token server, without a trailing slash. */
  tokenServer: string
  eventId: string
  /** Further attributes of the element. */
  attributes: Record<string, string>
  /** The versioned file name of the script and its hash, if they are known. */
  fixed: { file: string; integrity: string } | undefined
}

export const KINESCOPE = 'https://kinescope.io'
/** Attributes that a div in an editor can set. Only the site can set the others (docs/embedding.md). */
const PLACED = ['language', 'label', 'loading', 'refresh', 'help', 'preview']

/** Returns the code to paste for each way. Pure. */
export function snippets({
  tokenServer,
  eventId,
  attributes,
  fixed,
}: SnippetFacts): Record<SnippetKind, string> {
  const element = `<kinescope-chat${written({ 'event-id': eventId, ...attributes })}></kinescope-chat>`
  const placed = Object.entries(attributes).filter(([name]) => PLACED.includes(name))
  const data = Object.fromEntries(placed.map(([name, value]) => [`data-${name}`, value]))
  const script = (of: Record<string, string>, file = 'kinescope-chat.js') =>
    `<script${written({ async: '', src: `${tokenServer}/${file}`, ...of })}></script>`
  const { origin } = new URL(tokenServer)
  return {
    snippetClassic: `${script({})}\n${element}`,
    snippetFixed: fixed
      ? `${script({ integrity: fixed.integrity, crossorigin: '' }, fixed.file)}\n${element}`
      : '',
    snippetModule: `<script type="module" src="${tokenServer}/kinescope-chat.js"></script>\n${element}`,
    snippetLink: `${script({ 'data-upgrade': 'main' })}\n<a href="${KINESCOPE}/chat/${encodeURIComponent(eventId)}#kinescope-chat">Open the chat</a>`,
    snippetDiv: `${script({})}\n<div${written({ 'data-kinescope-chat': eventId, ...data })}></div>`,
    snippetFrame: `<iframe src="${tokenServer}/embed/${encodeURIComponent(eventId)}" title="Stream chat" width="100%" height="600" allow="fullscreen; clipboard-write" style="border:0"></iframe>`,
    snippetPolicy: [
      `Content-Security-Policy: script-src 'self' ${origin};`,
      `  connect-src 'self' ${origin}; frame-src ${KINESCOPE}; style-src 'self';`,
      `  require-trusted-types-for 'script'; trusted-types default kinescope-chat`,
    ].join('\n'),
  }
}

const written = (attributes: Record<string, string>) =>
  Object.entries(attributes)
    .map(
      ([name, value]) =>
        ` ${name}${value === '' ? '' : `="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`}`,
    )
    .join('')
