import { parse, type DefaultTreeAdapterTypes as Tree } from 'parse5'

/** A start tag in a page's HTML. */
export interface StartTag {
  /** In lower case. */
  name: string
  attributes: ReadonlyMap<string, string>
}

/**
 * The elements that a browser makes of a page, in document order. The content of templates is inert, except that of a
 * shadow root's template.
 */
export function readStartTags(html: string): StartTag[] {
  const tags: StartTag[] = []
  // no recursion: a page may nest deeper than calls can
  const rest: Tree.Node[] = [parse(html)]
  for (let node = rest.pop(); node; node = rest.pop()) {
    if (!('childNodes' in node)) continue
    let children = node.childNodes
    if ('attrs' in node) {
      const attributes = new Map(node.attrs.map(({ name, value }) => [name, value]))
      tags.push({ name: node.tagName, attributes })
      if ('content' in node && attributes.has('shadowrootmode')) children = node.content.childNodes
    }
    // no spread: a page may have more children than a call can have arguments
    for (const child of children.toReversed()) rest.push(child)
  }
  return tags
}
