/** What the HTML of a page has for the chat. */
export interface PageMarkup {
  /** The addresses of scripts that are our file by name, with the attributes of their tags. */
  scripts: { src: string; attributes: ReadonlyMap<string, string> }[]
  /** The chats, however they are written. */
  chats: { how: 'tag' | 'div' | 'link'; eventId: string | null; attributes: ReadonlyMap<string, string> }[]
  /** What relative addresses are resolved against. */
  base: string
}

/** Reads the tags that concern the chat. It is no HTML parser: scripts and comments are removed, the rest is scanned. */
export function readMarkup(html: string, pageUrl: string): PageMarkup {
  const visible = withoutComments(html)
  const base = tagsIn(visible, 'base')[0]?.get('href') ?? ''
  const url = URL.canParse(base, pageUrl) ? new URL(base, pageUrl).href : pageUrl
  const scripts = tagsIn(visible, 'script').flatMap((attributes) => {
    const src = attributes.get('src') ?? ''
    return /(^|\/)kinescope-chat[\w.-]*\.js([?#]|$)/.test(src) && URL.canParse(src, url)
      ? [{ src: new URL(src, url).href, attributes }]
      : []
  })
  const tags = tagsIn(visible, 'kinescope-chat').map((attributes) => ({
    how: 'tag' as const,
    eventId: attributes.get('event-id') ?? null,
    attributes,
  }))
  const divs = tagsIn(visible, 'div')
    .filter((attributes) => attributes.has('data-kinescope-chat'))
    .map((attributes) => ({
      how: 'div' as const,
      eventId: attributes.get('data-kinescope-chat') ?? null,
      attributes,
    }))
  const links = tagsIn(visible, 'a').flatMap((attributes) => {
    const href = attributes.get('href') ?? ''
    const id = /^[^?#]*\/chat\/([^/?#]+)\/?(?:\?[^#]*)?#kinescope-chat$/.exec(href)?.[1]
    return id === undefined ? [] : [{ how: 'link' as const, eventId: id, attributes }]
  })
  return { scripts, chats: [...tags, ...divs, ...links], base: url }
}

function withoutComments(html: string): string {
  let text = ''
  let from = 0
  for (let start = html.indexOf('<!--'); start >= 0; start = html.indexOf('<!--', from)) {
    text += html.slice(from, start)
    const end = html.indexOf('-->', start)
    if (end < 0) return text
    from = end + 3
  }
  return text + html.slice(from)
}

const ATTRIBUTE = /\s*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?|\s*\//y

/** The attributes of each start tag of a name. */
function tagsIn(html: string, name: string): Map<string, string>[] {
  const tags: Map<string, string>[] = []
  const start = new RegExp(`<${name}(?=[\\s/>])`, 'gi')
  for (const { index } of html.matchAll(start)) {
    const attributes = new Map<string, string>()
    ATTRIBUTE.lastIndex = index + name.length + 1
    for (let match = ATTRIBUTE.exec(html); match !== null; match = ATTRIBUTE.exec(html)) {
      const [whole, key, double, single, bare] = match
      if (whole === '') break
      // the first of two equal attributes counts (HTML, section 13.2.5.33)
      if (key !== undefined && !attributes.has(key.toLowerCase())) {
        attributes.set(key.toLowerCase(), decoded(double ?? single ?? bare ?? ''))
      }
    }
    tags.push(attributes)
  }
  return tags
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' }
const decoded = (text: string): string =>
  text
    .replace(/&(amp|quot|apos|lt|gt);/g, (_all, name: string) => ENTITIES[name]!)
    .replace(/&#(?:x([\da-f]{1,6})|(\d{1,7}));/gi, (all, hex?: string, decimal?: string) => {
      const code = hex === undefined ? Number(decimal) : parseInt(hex, 16)
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all
    })
