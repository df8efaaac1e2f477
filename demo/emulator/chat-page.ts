import type { ChatSession } from './chat-room.js'
import type { StreamEvent } from './seed-events.js'

/** Why the page rejects a visitor. `code` is from the specification's list, or the page's own if the list has none. */
export interface Refusal {
  code: string
  reason: string
}

const ADVICE: Record<string, string> = {
  'bad-signature': 'The private key that signed this token doesn’t belong to the public key registered here.',
  'key-not-registered': 'The signing key isn’t registered, or it was deleted.',
  'key-expired': 'The public key’s expires_at has passed. Register a new key.',
  'token-expired': 'The token’s exp has passed, by this service’s clock.',
  'token-not-yet-valid': 'The token’s nbf is still ahead, by this service’s clock.',
  'wrong-event': 'The token was made for another stream.',
  'bad-audience': 'The aud claim must be "chat", in lower case.',
  'bad-algorithm': 'Tokens must be signed with RS256.',
  'claim-missing': 'The token lacks something that it must have.',
  'token-malformed': 'This isn’t a JSON Web Token.',
  'token-missing': 'This stream’s chat needs a token.',
  'event-not-found': 'There is no such stream.',
  'not-started': 'The chat opens when the stream starts.',
  'embed-refused': 'The owner doesn’t allow this chat on the page you came from.',
}

/** The page for an accepted visitor. It receives only the session id, since it doesn't need the token any more. */
export const chatPage = (event: StreamEvent, urlId: string, session: ChatSession, takesFocus: boolean) =>
  page(
    event.name,
    `data-session="${escape(session.id)}" data-chat="${escape(urlId)}" data-standing="${session.standing}"${takesFocus ? ' data-takes-focus' : ''}`,
    `<header>
      <h1>${escape(event.name)}</h1>
      <p class="who">${standing(session)}</p>
    </header>
    <p id="members" class="members" aria-live="off"></p>
    <div id="log" role="log" aria-label="Messages" tabindex="0"></div>
    <p id="notice" role="status"></p>
    <form id="composer" ${session.standing === 'read-only' ? 'hidden' : ''}>
      <label class="hidden" for="message">Your message</label>
      <textarea id="message" rows="1" maxlength="500" placeholder="Your message" enterkeyhint="send"></textarea>
      <button type="submit">Send</button>
    </form>`,
  )

/** The page for a rejected visitor. */
export const refusalPage = ({ code, reason }: Refusal) =>
  page(
    'You can’t enter this chat',
    `data-refused="${escape(code)}"`,
    `<section class="refusal">
      <h1>You can’t enter this chat</h1>
      <p>${escape(ADVICE[code] ?? reason)}</p>
      <p><code id="refusal">${escape(code)}</code> <span class="reason">${escape(reason)}</span></p>
    </section>`,
  )

const standing = ({ name, standing, kid }: ChatSession) => {
  const who = `<bdi id="who">${escape(name)}</bdi>`
  if (standing === 'verified') {
    return `${who} <span id="standing" class="badge verified" title="Signed with ${escape(kid ?? '')}">✓ verified</span>`
  }
  return `${who} <span id="standing" class="badge">${standing === 'anonymous' ? 'not verified' : 'reading only'}</span>`
}

const page = (title: string, bodyAttributes: string, body: string) => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${escape(title)} (emulated chat)</title>
  <link rel="stylesheet" href="/page/chat.css">
  <script type="module" src="/page/chat.js"></script>
</head>
<body ${bodyAttributes}>
  <main>${body}</main>
  <footer>Emulated chat page. Not Kinescope’s.</footer>
</body>
</html>
`

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
