import { createApp } from 'vue/dist/vue.esm-bundler.js'
import { KinescopeChatElement } from 'kinescope-chat'
import { Chat, install } from '../../examples/vue/chat.js'

const seen = (globalThis.seen = [])
const { event, own, origin } = globalThis.document.documentElement.dataset
KinescopeChatElement.defaults = { chatOrigin: origin }

async function fetchToken({ eventId }) {
  seen.push('asked')
  const body = JSON.stringify({ event_id: eventId })
  const reply = await fetch('/token', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  return reply.json()
}

install(
  createApp(Chat, {
    eventId: event,
    fetchToken: own === undefined ? undefined : fetchToken,
    onReady: () => seen.push('ready'),
    onProblem: ({ code }) => seen.push(code),
  }),
).mount('#root')
