/** The attributes that change how a chat looks or goes on, not whose it is. */
export const LOOK_ATTRIBUTES = ['refresh', 'language', 'label', 'help', 'signin-url', 'debug']
/**
 * The attributes that the `data-…` of a CMS may set too. A closed list: what a CMS lets through must not set anything else,
 * and where the chat page is, which gets the visitor's token, is not for it to say.
 */
export const PLACED_ATTRIBUTES = [
  ...LOOK_ATTRIBUTES,
  'token-url',
  'credentials',
  'identity',
  'token',
  'loading',
  'preview',
]
/** The attributes that are on by being there. */
export const SWITCHES = ['preview', 'help', 'debug']
/** Every attribute of the element. */
export const ATTRIBUTES = ['event-id', 'chat-origin', ...PLACED_ATTRIBUTES]
