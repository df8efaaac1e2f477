import { describe, expect, it } from 'vitest'
import { snippets } from '../../src/snippets.js'

const facts = {
  tokenServer: 'https://chat.example.com',
  eventId: '0csUJYzAHfe3PcyMEVScmQ',
  attributes: {},
  fixed: { file: 'kinescope-chat.1.2.3-abcdef01.js', integrity: 'sha384-AAAA' },
}

describe('the snippet builder', () => {
  it('writes the two lines of the documentation', () => {
    expect(snippets(facts).snippetClassic.split('\n')).toEqual([
      '<script async src="https://chat.example.com/kinescope-chat.js"></script>',
      '<kinescope-chat event-id="0csUJYzAHfe3PcyMEVScmQ"></kinescope-chat>',
    ])
  })

  it('loads a classic script in each way but the module', () => {
    const { snippetModule, ...others } = snippets(facts)
    expect(snippetModule).toContain('type="module"')
    expect(Object.values(others).join('\n')).not.toContain('type="module"')
  })

  it('names no address of the bench', () => {
    const all = Object.values(snippets(facts)).join('\n')
    expect(all).not.toMatch(/localhost|127\.0\.0\.1/)
    expect(all.match(/https:\/\/[\w.]+/g)).toEqual(
      expect.arrayContaining(['https://chat.example.com', 'https://kinescope.io']),
    )
    expect(new Set(all.match(/https:\/\/[\w.]+/g)).size).toBe(2)
  })

  it('pins the lasting file by its hash, and leaves that way out where the hash is not known', () => {
    expect(snippets(facts).snippetFixed).toContain(
      'src="https://chat.example.com/kinescope-chat.1.2.3-abcdef01.js" integrity="sha384-AAAA" crossorigin>',
    )
    expect(snippets({ ...facts, fixed: undefined }).snippetFixed).toBe('')
  })

  it('lets the chat in a frame use the full screen and the clipboard, as the documentation does', () => {
    expect(snippets(facts).snippetFrame).toContain(' allow="fullscreen; clipboard-write"')
  })

  it('lets a policy name the server and Kinescope, and nothing else', () => {
    const { snippetPolicy } = snippets({ ...facts, tokenServer: 'https://example.com/chat' })
    expect(snippetPolicy).toContain("connect-src 'self' https://example.com;")
    expect(snippetPolicy).toContain('frame-src https://kinescope.io;')
  })

  it('carries attributes along and escapes them; a div gets what an author may say', () => {
    const attributes = { label: 'Вопросы & "ответы"', help: '', 'signin-url': '/in' }
    const { snippetClassic, snippetDiv } = snippets({ ...facts, attributes })
    expect(snippetClassic).toContain('label="Вопросы &amp; &quot;ответы&quot;" help signin-url="/in">')
    expect(snippetDiv).toContain('data-label="Вопросы &amp; &quot;ответы&quot;" data-help>')
  })
})
