/** TinyMCE 6 to 8. Both settings are needed: the first makes the tag known, the second keeps its attributes. */
export const tinymceSettings = {
  custom_elements: 'kinescope-chat',
  extended_valid_elements:
    'kinescope-chat[event-id|language|label|loading|refresh|help|preview|class|id|style|lang]',
}
