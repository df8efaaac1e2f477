// The script of the emulated chat page. It runs in the frame, on the emulator's own origin.
import type { ChatNews } from '../chat-room.js'

const { session, chat, takesFocus } = document.body.dataset
if (session && chat) start(session, chat)

function start(session: string, chat: string): void {
  const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
  const log = find('log')
  const notice = find('notice')
  const composer = find<HTMLFormElement>('composer')
  const message = find<HTMLTextAreaElement>('message')
  const address = `/chat/${encodeURIComponent(chat)}`

  const source = new EventSource(`${address}/stream?session=${encodeURIComponent(session)}`)
  const shown = new Set<number>()
  source.onopen = () => (notice.textContent = '')
  source.onerror = () => (notice.textContent = 'Connection lost. Trying again …')
  source.onmessage = ({ data }: MessageEvent<string>) => {
    const news = JSON.parse(data) as ChatNews
    switch (news.kind) {
      case 'members':
        find('members').textContent = `Here: ${news.names.join(', ')}`
        break
      case 'message':
        // a stream that was connected again tells the story from the start
        if (shown.has(news.message.id)) break
        shown.add(news.message.id)
        add(news.message)
        break
      case 'ended':
        source.close()
        composer.hidden = true
        document.body.dataset['ended'] = news.code
        notice.textContent = `Your session has ended (${news.code}).`
    }
  }

  composer.addEventListener('submit', (event) => {
    event.preventDefault()
    void send()
  })
  message.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    void send()
  })
  if (takesFocus !== undefined) message.focus()

  async function send(): Promise<void> {
    const text = message.value
    if (text.trim() === '') return
    message.value = ''
    const reply = await fetch(`${address}/messages`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${session}` },
      body: JSON.stringify({ text }),
    }).catch(() => null)
    if (reply?.ok) return
    message.value = text
    notice.textContent = 'Not sent. Try again.'
  }

  function add({ name, standing, text, at }: Extract<ChatNews, { kind: 'message' }>['message']): void {
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8
    const item = document.createElement('article')
    const author = Object.assign(document.createElement('bdi'), { className: 'author', textContent: name })
    const time = Object.assign(document.createElement('time'), {
      dateTime: new Date(at).toISOString(),
      textContent: new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }),
    })
    const words = Object.assign(document.createElement('p'), { textContent: text })
    if (standing === 'verified') author.dataset['verified'] = ''
    item.append(author, ' ', time, words)
    log.append(item)
    if (atEnd) log.scrollTop = log.scrollHeight
  }
}
