import type { StartTag } from './start-tags.js'

type Attributes = StartTag['attributes']

/** What the HTML of a page has for the chat. */
export interface PageMarkup {
  /** The addresses of scripts that are our file by name, with the attributes of their tags. */
  scripts: { src: string; attributes: Attributes }[]
  /** The chats, however they are written. */
  chats: { how: 'tag' | 'div' | 'link'; eventId: string | null; attributes: Attributes }[]
  /** What relative addresses are resolved against. */
  base: string
}

/** Reads the tags that concern the chat. */
export function readMarkup(all: readonly StartTag[], pageUrl: string): PageMarkup {
  const tagsOf = (name: string) => all.filter((tag) => tag.name === name).map(({ attributes }) => attributes)
  const base =
    tagsOf('base')
      .find((attributes) => attributes.has('href'))
      ?.get('href') ?? ''
  const url = URL.canParse(base, pageUrl) ? new URL(base, pageUrl).href : pageUrl
  const scripts = tagsOf('script').flatMap((attributes) => {
    const src = attributes.get('src')?.trim() ?? ''
    return runs(attributes) && /(^|\/)kinescope-chat[\w.-]*\.js([?#]|$)/.test(src) && URL.canParse(src, url)
      ? [{ src: new URL(src, url).href, attributes }]
      : []
  })
  const tags = tagsOf('kinescope-chat').map((attributes) => ({
    how: 'tag' as const,
    eventId: attributes.get('event-id') ?? null,
    attributes,
  }))
  const divs = tagsOf('div')
    .filter((attributes) => attributes.has('data-kinescope-chat'))
    .map((attributes) => ({
      how: 'div' as const,
      eventId: attributes.get('data-kinescope-chat') ?? null,
      attributes,
    }))
  const links = tagsOf('a').flatMap((attributes) => {
    const href = attributes.get('href') ?? ''
    const id = /^[^?#]*\/chat\/([^/?#]+)\/?(?:\?[^#]*)?#kinescope-chat$/.exec(href)?.[1]
    return id === undefined ? [] : [{ how: 'link' as const, eventId: id, attributes }]
  })
  return { scripts, chats: [...tags, ...divs, ...links], base: url }
}

/**
 * Whether the element sends simple requests to another origin: no address of the token endpoint is configured. False
 * where the HTML doesn't show it.
 */
export function sendsSimpleRequests({ scripts, chats }: PageMarkup): boolean {
  const [script] = scripts
  const isConfigured = (attributes: Attributes, name: string) => Boolean(attributes.get(name)?.trim())
  return (
    script !== undefined &&
    chats.length > 0 &&
    !isConfigured(script.attributes, 'data-token-url') &&
    !chats.some(({ attributes }) => isConfigured(attributes, 'token-url'))
  )
}

/** Whether a browser loads the script. A consent manager's `type="text/plain"` keeps it from that. */
function runs(attributes: Attributes): boolean {
  const type = attributes.get('type')?.trim().toLowerCase() ?? ''
  if (type === 'module') return true
  return !attributes.has('nomodule') && /^(?:(?:text|application)\/(?:x-)?(?:java|ecma)script)?$/.test(type)
}
