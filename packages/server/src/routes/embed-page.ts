/** The data of the page at `/embed/:eventId`. */
export interface EmbedPage {
  eventId: string
  /** The identity token of a signed link, which the element sends. */
  identity: string | null
  /** The page's own address, for the link to a new tab and for oEmbed. */
  pageUrl: string
  oembedUrl: string
  chatOrigin: string
}

/**
 * A page with only the element. It has no inline script and no inline style, so that its policy needs no exceptions.
 * embed.js comes before the element's script: in a sandbox without an origin, it removes the element before it starts.
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

/** The page for a visitor if there is no such chat. It has no script, so it causes no further request. */
export function lostPage(languages: string): string {
  const russian = /^\s*ru\b/i.test(languages.slice(0, 100))
  const [language, title, text] = russian
    ? [
        'ru',
        'Чат трансляции',
        'Такого чата здесь нет. Если вы пришли по ссылке, сообщите об этом организаторам.',
      ]
    : ['en', 'Stream chat', 'There is no such chat here. If a link brought you here, tell the organizers.']
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

/** Escapes text for an attribute or an element. */
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
