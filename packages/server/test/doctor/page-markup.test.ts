import { describe, expect, it } from 'vitest'
import { readMarkup as readTags } from '../../src/doctor/page-markup.js'
import { readStartTags } from '../../src/doctor/start-tags.js'

const PAGE = 'https://www.example.com/live'
const CHAT = '<kinescope-chat event-id="ID"></kinescope-chat>'
const readMarkup = (html: string, page: string) => readTags(readStartTags(html), page)
const idsIn = (html: string) => readMarkup(html, PAGE).chats.map(({ eventId }) => eventId)
const scriptsIn = (html: string) => readMarkup(html, PAGE).scripts.map(({ src }) => src)

describe('the tags of a page', () => {
  it.each([
    ['after a comment', `<!-- a > b -->${CHAT}`],
    ['after empty comments', `<!--><!--->${CHAT}`],
    ['after a comment that ends with --!>', `<!-- a --!>${CHAT}`],
    ['after a doctype and an instruction', `<!doctype html><?xml version="1.0"?>${CHAT}`],
    ['after a lone <', `1 < 2 <3 </ >${CHAT}`],
    ['after a script', `<script>if (a<b) c='<'+"/p>"</script>${CHAT}`],
    ['after a script with an open comment', `<script><!-- a </script>${CHAT}`],
    ['after a script with a hidden end', `<script><!-- <script> </script> --> </script>${CHAT}`],
    ['after a template', `<template><template></template><p></template>${CHAT}`],
    ['in a shadow root', `<div><template shadowrootmode="open">${CHAT}</template></div>`],
    ['after self-closing tags of a drawing', `<svg><title/><style/><path d=""/></svg>${CHAT}`],
    ['after an attribute with tags', `<div title="<p" data-x='<script>'>${CHAT}</div>`],
    ['in capitals', CHAT.replaceAll('kinescope-chat', 'KINESCOPE-CHAT').replace('event-id', 'Event-ID')],
    ['over lines', '<kinescope-chat\n  hidden\n  event-id = ID\n/>'],
    ['with an attribute twice', '<kinescope-chat event-id=ID event-id="other">'],
  ])('are found %s', (_where, html) => {
    expect(idsIn(html)).toEqual(['ID'])
  })

  it.each([
    ['in a comment', `<!-- <!-- ${CHAT} -->`],
    ['in an open comment', `<!--!>${CHAT}`],
    ['in a script', `<script>document.body.innerHTML += '${CHAT}'</script>`],
    ['in a script, behind a hidden end', `<script><!-- <script> </script> ${CHAT} --></script>`],
    ['in a script without an end', `<script>'${CHAT}'`],
    ['in JSON', `<script type="application/json">{"html":"${CHAT}"}</script>`],
    ['in a style', `<style>/* ${CHAT} */</style>`],
    ['in a text field', `<textarea>${CHAT}</textarea>`],
    ['in the title', `<title>${CHAT}</title>`],
    ['for browsers without scripts', `<noscript>${CHAT}</noscript>`],
    ['in a template', `<template><template></template>${CHAT}</template>`],
    ['in an attribute', `<div data-embed='${CHAT}'><iframe srcdoc='${CHAT}'></iframe></div>`],
    ['in plain text', `<plaintext>${CHAT}`],
    ['cut off', '<kinescope-chat event-id="ID"'],
  ])('are not found %s', (_where, html) => {
    expect(idsIn(html)).toEqual([])
  })

  it('are not the text of a script that adds the tag', () => {
    const script = `<script>add('<kinescope-chat event-id="' + id + '"></kinescope-chat>')</script>`
    expect(idsIn(script)).toEqual([])
    expect(idsIn(script + CHAT)).toEqual(['ID'])
  })

  it('have the values of their attributes, without quotes too', () => {
    const [script] = readMarkup(
      '<script async src=https://cdn.test/kinescope-chat.js?v=1&amp;#39; data-token-url=/token></script>',
      PAGE,
    ).scripts
    expect(script?.src).toBe('https://cdn.test/kinescope-chat.js?v=1&#39;')
    expect(script?.attributes.get('data-token-url')).toBe('/token')
  })

  it('are resolved against the first base that has an address', () => {
    const html = '<base target=_blank><base href="/a/"><script src="kinescope-chat.js"></script>'
    expect(scriptsIn(html)).toEqual(['https://www.example.com/a/kinescope-chat.js'])
  })

  it('have no script that a browser doesn’t load', () => {
    const script = (attributes: string) => `<script src="/kinescope-chat.js" ${attributes}></script>`
    for (const attributes of ['', 'type=module', 'type="text/javascript"', 'type=module nomodule']) {
      expect(scriptsIn(script(attributes)), attributes).toHaveLength(1)
    }
    for (const attributes of ['type="text/plain"', 'nomodule']) {
      expect(scriptsIn(script(attributes)), attributes).toEqual([])
    }
  })

  it('are found behind any number of elements, beside each other or nested', () => {
    for (const part of ['<br>', '<div>', '<b>', '<a x="', '<!--', '<']) {
      const tag = '<kinescope-chat event-id="first"></kinescope-chat>'
      expect(idsIn(`${tag}${part.repeat(200_000)}`), part).toEqual(['first'])
    }
    for (const part of ['<br>', '<div>', '<b>'])
      expect(idsIn(`${part.repeat(200_000)}<kinescope-chat event-id="last">`), part).toEqual(['last'])
  })
})
