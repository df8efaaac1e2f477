import { describe, expect, it } from 'vitest'
import { snippets } from '../../src/snippets.js'

const facts = { tokenServer: 'https://chat.example.com', eventId: '0csUJYzAHfe3PcyMEVScmQ', attributes: {} }

describe('the snippet builder', () => {
  it('writes the two lines of the documentation', () => {
    const { snippetModule } = snippets({ ...facts, chatOrigin: 'https://kinescope.io' })
    expect(snippetModule.split('\n')).toEqual([
      '<script type="module" src="https://chat.example.com/kinescope-chat.js"></script>',
      '<kinescope-chat event-id="0csUJYzAHfe3PcyMEVScmQ"></kinescope-chat>',
    ])
  })

  it('names the chat’s origin only where it is not Kinescope’s own', () => {
    const staging = snippets({ ...facts, chatOrigin: 'http://127.0.0.1:9090' })
    expect(staging.snippetModule).toContain('chat-origin="http://127.0.0.1:9090"')
    expect(staging.snippetLink).toContain(
      'href="http://127.0.0.1:9090/chat/0csUJYzAHfe3PcyMEVScmQ#kinescope-chat"',
    )
  })

  it('carries attributes along and escapes them', () => {
    const attributes = { label: 'Вопросы & "ответы"', debug: '' }
    const { snippetModule, snippetDiv } = snippets({
      ...facts,
      chatOrigin: 'https://kinescope.io',
      attributes,
    })
    expect(snippetModule).toContain('label="Вопросы &amp; &quot;ответы&quot;" debug>')
    expect(snippetDiv).toContain('data-label="Вопросы &amp; &quot;ответы&quot;" data-debug>')
  })
})
