/** A start tag in a page's HTML. */
export interface StartTag {
  /** In lower case. */
  name: string
  attributes: ReadonlyMap<string, string>
}

/** Elements whose content is text (HTML, section 13.2.6). `noscript` is one of them where scripts run. */
const TEXT_ELEMENTS = new Set([
  'iframe',
  'noembed',
  'noframes',
  'noscript',
  'script',
  'style',
  'textarea',
  'title',
  'xmp',
])

/**
 * Reads the start tags that a browser makes elements of (HTML, section 13.2.5). Comments, attribute values, the text of
 * scripts and other text elements, and the content of templates hold none. A shadow root's template is no template.
 */
export function readStartTags(html: string): StartTag[] {
  const tags: StartTag[] = []
  /** For each open template, whether its content is inert. */
  const templates: boolean[] = []
  let inert = 0
  let foreign = 0
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at)) {
    const start = matchAt(TAG_START, html, at)
    if (!start) {
      at = markupEnd(html, at)
      continue
    }
    const name = start[2]!.toLowerCase()
    const read = readAttributes(html, at + start[0].length)
    // the page ends inside the tag
    if (!read) return tags
    const { attributes, selfCloses } = read
    at = read.end
    if (start[1] === '/') {
      if (name === 'template' && templates.pop()) inert -= 1
      if (isForeign(name)) foreign = Math.max(0, foreign - 1)
      continue
    }
    if (inert === 0) tags.push({ name, attributes })
    if (name === 'plaintext') return tags
    if (name === 'template') {
      const isInert = !attributes.has('shadowrootmode')
      templates.push(isInert)
      if (isInert) inert += 1
    }
    if (isForeign(name) && !selfCloses) foreign += 1
    // only SVG and MathML have self-closing tags
    if (TEXT_ELEMENTS.has(name) && !(selfCloses && foreign > 0)) {
      at = name === 'script' ? scriptEnd(html, at) : textEnd(html, name, at)
    }
  }
  return tags
}

const TAG_START = /<(\/?)([a-z][^\s/>]*)/iy
const ATTRIBUTE =
  /[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)(?:"|$)|'([^']*)(?:'|$)|([^\s"'>][^\s>]*)?))?/y
const TAG_END = /[\s/]*>/y
const isForeign = (name: string): boolean => name === 'svg' || name === 'math'

function matchAt(pattern: RegExp, html: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(html)
}

/** Null where the page ends before the tag does. */
function readAttributes(
  html: string,
  from: number,
): { attributes: Map<string, string>; selfCloses: boolean; end: number } | null {
  const attributes = new Map<string, string>()
  let at = from
  for (let match = matchAt(ATTRIBUTE, html, at); match; match = matchAt(ATTRIBUTE, html, at)) {
    const [whole, key = '', double, single, bare] = match
    at += whole.length
    // the first of two equal attributes counts (HTML, section 13.2.5.33)
    const name = key.toLowerCase()
    if (!attributes.has(name)) attributes.set(name, decoded(double ?? single ?? bare ?? ''))
  }
  const end = matchAt(TAG_END, html, at)
  return end && { attributes, selfCloses: end[0].endsWith('/>'), end: at + end[0].length }
}

/** The end of a comment, a doctype or a lone `<`. */
function markupEnd(html: string, at: number): number {
  if (html.startsWith('<!--', at)) {
    for (const { 0: end, index } of html.slice(at + 2).matchAll(/--!?>/g)) {
      // `<!-->` is a whole comment, `<!--!>` is none
      if (end === '-->' || index >= 2) return at + 2 + index + end.length
    }
    return html.length
  }
  if (!/[!?/]/.test(html.charAt(at + 1))) return at + 1
  const end = html.indexOf('>', at)
  return end < 0 ? html.length : end + 1
}

function textEnd(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
  end.lastIndex = from
  return end.exec(html)?.index ?? html.length
}

/** `<!--` and then `<script` in a script hide its next end tag (HTML, section 13.2.5.17). */
function scriptEnd(html: string, from: number): number {
  const pattern = /<!--|-->|<\/?script(?=[\s/>])/gi
  pattern.lastIndex = from
  let state: 'plain' | 'escaped' | 'hidden' = 'plain'
  for (let match = pattern.exec(html); match; match = pattern.exec(html)) {
    const [what] = match
    if (what === '-->') state = 'plain'
    else if (what === '<!--') {
      if (state === 'plain') state = 'escaped'
      // `<!-->` opens and closes
      pattern.lastIndex = match.index + 2
    } else if (what[1] !== '/') {
      if (state === 'escaped') state = 'hidden'
    } else if (state === 'hidden') state = 'escaped'
    else return match.index
  }
  return html.length
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' }
const decoded = (text: string): string =>
  text.replace(
    /&(?:(amp|quot|apos|lt|gt)|#x([\da-f]{1,6})|#(\d{1,7}));/gi,
    (all, name?: string, hex?: string, decimal?: string) => {
      if (name !== undefined) return ENTITIES[name.toLowerCase()]!
      const code = hex === undefined ? Number(decimal) : parseInt(hex, 16)
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all
    },
  )
