/** What the page at `/embed/:eventId` is made of. */
export interface EmbedPage {
  eventId: string
  /** The signed statement of a signed link, for the element to send. */
  identity: string | null
  /** The page's own address, for the link to a new tab and for oEmbed. */
  pageUrl: string
  oembedUrl: string
  chatOrigin: string
}

/**
 * A page with just the element. No inline script and no inline style, so that its policy needs no exceptions. embed.js
 * stands before the element's script: in a sandbox without an origin it takes the element out before it can try.
 */
export function embedPage({ eventId, identity, pageUrl, oembedUrl, chatOrigin }: EmbedPage): string {
  const attributes = [
    `event-id="${escapeHtml(eventId)}"`,
    `chat-origin="${escapeHtml(chatOrigin)}"`,
    ...(identity === null ? [] : [`identity="${escapeHtml(identity)}"`]),
  ].join(' ')
  return `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Stream chat</title>
<link rel="alternate" type="application/json+oembed" href="${escapeHtml(oembedUrl)}" title="Stream chat">
<link rel="stylesheet" href="../embed.css">
<script defer src="../embed.js"></script>
<script type="module" src="../kinescope-chat.js"></script>
</head>
<body>
<kinescope-chat ${attributes}></kinescope-chat>
<p id="tab" data-href="${escapeHtml(pageUrl)}" hidden></p>
<noscript><p><a href="${escapeHtml(pageUrl)}" target="_blank" rel="noopener">Open the chat in a new tab</a></p></noscript>
</body>
</html>
`
}

/** What a visitor reads where there is no such chat. No script: nothing here may be asked for again. */
export function lostPage(languages: string): string {
  const russian = /^\s*ru\b/i.test(languages.slice(0, 100))
  const [language, title, text] = russian
    ? [
        'ru',
        'Чат трансляции',
        'Такого чата здесь нет. Если вы пришли по ссылке, сообщите об этом организаторам.',
      ]
    : ['en', 'Stream chat', 'There is no such chat here. If a link brought you here, tell the organisers.']
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
</head>
<body>
<p>${text}</p>
</body>
</html>
`
}

export const EMBED_STYLE = `html,body{margin:0;height:100%;color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{display:flex;flex-direction:column}
kinescope-chat{flex:1;--kinescope-chat-height:100%}
p{margin:1rem;text-align:center}
[hidden]{display:none}
`

/**
 * Runs in the page above. A frame that the embedding page sandboxed has no origin: it can't be told from a stranger's
 * page, so no token is ever given to it, and asking again would never end. A frame on another site may get no cookie.
 * Both are told the way out: the same chat in a tab of its own.
 */
export const EMBED_SCRIPT = `(() => {
  const texts = {
    en: ['Stream chat', 'The chat can’t be shown inside this page.', 'Open the chat in a new tab'],
    ru: ['Чат трансляции', 'Чат нельзя показать внутри этой страницы.', 'Открыть чат в новой вкладке'],
  }
  const language = /^ru\\b/i.test(navigator.language) ? 'ru' : 'en'
  const [title, text, label] = texts[language]
  document.documentElement.lang = language
  document.title = title
  const chat = document.querySelector('kinescope-chat')
  const tab = document.getElementById('tab')
  // a personal link's fragment: the element takes it out of the address
  const { hash } = location
  const offer = (before) => {
    const link = document.createElement('a')
    link.href = tab.dataset.href + hash
    link.target = '_blank'
    link.rel = 'noopener'
    link.textContent = label
    tab.replaceChildren(before, link)
    tab.hidden = false
  }
  if (self.origin === 'null') {
    chat.remove()
    offer(text + ' ')
  } else if (self !== top) {
    chat.addEventListener('kinescope-chat-error', (event) => {
      if (event.problem?.code === 'sign-in-required') offer('')
    })
  }
})()
`

/** Text for an attribute or an element. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}
