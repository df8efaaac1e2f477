import type { Category } from '../problems.js'

/** The visitor's texts of one category: a heading, and a message that is complete without it. */
export interface Words {
  heading: string
  message: string
}

/** Every text of one language. */
export interface Messages {
  label: string
  loading: string
  stillLoading: string
  preview: string
  signInButton: string
  /** Shown if "Sign in" had no effect: the page has no sign-in of its own. */
  signInFirst: string
  retry: string
  /** The button while the element counts down to the next retry. The time follows the text. */
  retryNow: string
  /** The button during a request. */
  retrying: string
  reloadPage: string
  openInTab: string
  help: string
  reload: string
  copyReport: string
  copied: string
  /** Shown over a working chat while there is no new token. */
  renewing: string
  restored: string
  /** The form for guests who choose a name. */
  nameField: string
  enter: string
  nameEmpty: string
  nameRefused: string
  /** The collapsed details under a problem, for the site's developers. */
  forTheSite: string
  code: string
  found: string
  whatToDo: string
  /** The link to the code's page in the docs. */
  howToFix: string
  requestId: string
  problems: Record<Category, Words>
}

export const en: Messages = {
  label: 'Stream chat',
  loading: 'Loading chat…',
  stillLoading: 'Still loading…',
  preview: 'The chat appears on the published page.',
  signInButton: 'Sign in',
  signInFirst: 'Sign in on the site first, then come back to this page.',
  retry: 'Try again',
  retryNow: 'Retry',
  retrying: 'Trying…',
  reloadPage: 'Reload page',
  openInTab: 'Open in new tab',
  help: 'Chat not working?',
  reload: 'Reload chat',
  copyReport: 'Copy report',
  copied: 'Copied',
  renewing: 'Reconnecting. You can chat.',
  restored: 'The chat is open.',
  nameField: 'Your name',
  enter: 'Join chat',
  nameEmpty: 'Enter a name.',
  nameRefused: 'This name can’t be used. Choose another one.',
  forTheSite: 'For the site',
  code: 'Code',
  found: 'Found',
  whatToDo: 'What to do',
  howToFix: 'How to fix this',
  requestId: 'Request ID',
  problems: {
    signIn: {
      heading: 'Sign in to chat',
      message: 'Sign in to read and write messages. Other people see your name next to your messages.',
    },
    name: {
      heading: 'Choose a name',
      message: 'Enter a name to open the chat. Other people see the name next to your messages.',
    },
    denied: {
      heading: 'No access to this chat',
      message: 'Your account can’t open this chat. If this is a mistake, contact the organizers.',
    },
    notHere: {
      heading: 'No chat here yet',
      message: 'This stream’s chat isn’t open on this page. If the stream has started, tell the organizers.',
    },
    busy: {
      heading: 'Many people are joining',
      message: 'You’ll be connected automatically in a moment. Keep this page open.',
    },
    tooOften: {
      heading: 'Too many attempts',
      message: 'You’ll be connected automatically in a moment. You don’t need to do anything.',
    },
    slow: {
      heading: 'The chat isn’t responding',
      message: 'Loading takes longer than usual. If nothing changes, reload the page.',
    },
    offline: {
      heading: 'You’re offline',
      message: 'The chat reconnects when your internet connection is back.',
    },
    blocked: {
      heading: 'The chat can’t open here',
      message: 'This page doesn’t allow the chat. Open it in a new tab.',
    },
    misconfigured: {
      heading: 'Chat isn’t set up correctly',
      message: 'Only the organizers can fix this. Copy the report and send it to them.',
    },
    intercepted: {
      heading: 'The chat didn’t open',
      message: 'Your network may ask for a sign-in. Reload the page, or tell the organizers.',
    },
    transient: {
      heading: 'No connection to the chat',
      message: 'We’re reconnecting. You don’t need to do anything.',
    },
    otherStream: {
      heading: 'Wrong stream',
      message: 'This page is set up for a different stream. Please tell the organizers.',
    },
    notForChat: {
      heading: 'Wrong kind of access',
      message: 'The site opened access to something other than the chat. Please tell the organizers.',
    },
    expiredOnArrival: {
      heading: 'Chat access has expired',
      message: 'Reload the page. If this happens again, contact the organizers.',
    },
    ended: {
      heading: 'Your chat access has ended',
      message: 'New messages may not appear until access is renewed.',
    },
    unknownKey: {
      heading: 'Kinescope doesn’t recognize this site',
      message: 'Please tell the organizers. Once they fix this, you’ll be connected automatically.',
    },
    pageTooOld: {
      heading: 'This page needs a reload',
      message: 'It has been open for a long time. Reload it to stay in the chat.',
    },
  },
}
