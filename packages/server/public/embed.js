// The script of /embed/:eventId (src/routes/embed-page.ts). It runs before the element's script.
// A frame that the embedding page sandboxed without an origin gets no token, and asking again would never end. A frame on
// another site may get no cookie. Both offer the same chat in a new tab.
const TEXTS = {
  en: ['Stream chat', 'The chat can’t be shown inside this page.', 'Open the chat in a new tab'],
  ru: ['Чат трансляции', 'Чат нельзя показать внутри этой страницы.', 'Открыть чат в новой вкладке'],
}

{
  const language = /^ru\b/i.test(navigator.language) ? 'ru' : 'en'
  const [title = '', text, label = ''] = TEXTS[language]
  document.documentElement.lang = language
  document.title = title
  const chat = /** @type {HTMLElement} */ (document.querySelector('kinescope-chat'))
  const tab = /** @type {HTMLElement} */ (document.getElementById('tab'))
  // a personal link's token; the element removes it from the address
  const { hash } = location

  /** @param {string} before a text before the link */
  const offerTab = (before) => {
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
    offerTab(`${text} `)
  } else if (self !== top) {
    chat.addEventListener('kinescope-chat-error', (event) => {
      const { problem } = /** @type {Event & { problem?: { code: string } }} */ (event)
      if (problem?.code === 'sign-in-required') offerTab('')
    })
  }
}
