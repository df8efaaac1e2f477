import sanitizeHtml from 'sanitize-html'

/** sanitize-html 2. */
export const sanitizeHtmlSettings = {
  allowedTags: sanitizeHtml.defaults.allowedTags.concat('kinescope-chat'),
  allowedAttributes: {
    ...sanitizeHtml.defaults.allowedAttributes,
    'kinescope-chat': ['event-id', 'language', 'label', 'help', 'class'],
  },
}
