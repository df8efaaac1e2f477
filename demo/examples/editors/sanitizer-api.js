/** The browser's own sanitizer: `element.setHTML(html, { sanitizer: chatSanitizer() })`. */
export function chatSanitizer() {
  const sanitizer = new globalThis.Sanitizer()
  sanitizer.allowElement({
    name: 'kinescope-chat',
    attributes: ['event-id', 'language', 'label', 'help', 'class'],
  })
  return sanitizer
}
