/** DOMPurify 3. Not ADD_TAGS: it keeps the tag without its attributes. */
export const domPurifySettings = {
  CUSTOM_ELEMENT_HANDLING: {
    tagNameCheck: /^kinescope-chat$/,
    attributeNameCheck: /^(event-id|language|label|loading|refresh|help|preview)$/,
  },
}
