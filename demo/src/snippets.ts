/** The ways onto a page, in the order in which to try them. */
export type SnippetKind = 'snippetModule' | 'snippetClassic' | 'snippetLink' | 'snippetDiv' | 'snippetFrame'

export interface SnippetFacts {
  tokenServer: string
  chatOrigin: string
  eventId: string
  /** Further attributes of the element. */
  attributes: Record<string, string>
}

const KINESCOPE = 'https://kinescope.io'

/** The code to paste, for each way. Pure. */
export function snippets(facts: SnippetFacts): Record<SnippetKind, string> {
  const { tokenServer, chatOrigin, eventId } = facts
  const own = { ...(chatOrigin === KINESCOPE ? {} : { 'chat-origin': chatOrigin }), ...facts.attributes }
  const element = `<kinescope-chat${written({ 'event-id': eventId, ...own })}></kinescope-chat>`
  const data = Object.fromEntries(Object.entries(own).map(([name, value]) => [`data-${name}`, value]))
  const pageWide = chatOrigin === KINESCOPE ? {} : { 'data-chat-origin': chatOrigin }
  const header = `<script type="module" src="${tokenServer}/kinescope-chat.js"${written(pageWide)}></script>`
  return {
    snippetModule: `<script type="module" src="${tokenServer}/kinescope-chat.js"></script>\n${element}`,
    snippetClassic: `<script defer src="${tokenServer}/kinescope-chat.classic.js"></script>\n${element}`,
    snippetLink: `${header}\n<a href="${chatOrigin}/chat/${encodeURIComponent(eventId)}#kinescope-chat">Open the chat</a>`,
    snippetDiv: `${header}\n<div${written({ 'data-kinescope-chat': eventId, 'data-token-url': `${tokenServer}/token`, ...data })}></div>`,
    snippetFrame: `<iframe src="${tokenServer}/embed/${encodeURIComponent(eventId)}" title="Stream chat" width="100%" height="600" style="border:0"></iframe>`,
  }
}

const written = (attributes: Record<string, string>) =>
  Object.entries(attributes)
    .map(
      ([name, value]) =>
        ` ${name}${value === '' ? '' : `="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`}`,
    )
    .join('')
