/** The attributes that change how a chat looks or goes on, not whose it is. */
export const LOOK_ATTRIBUTES = ['refresh', 'language', 'label', 'help', 'signin-url', 'debug']
/**
 * The attributes that the `data-…` of a CMS may set too. A closed list of what an author may say: not where tokens come from
 * or go to, nor who somebody is.
 */
export const PLACED_ATTRIBUTES = ['language', 'label', 'loading', 'refresh', 'help', 'preview']
/** The attributes that are on by being there. */
export const SWITCHES = ['preview', 'help', 'debug']
/** Every attribute of the element. */
export const ATTRIBUTES = [
  ...LOOK_ATTRIBUTES,
  ...['event-id', 'chat-origin', 'token-url', 'credentials', 'identity', 'token', 'loading', 'preview'],
]
