import type { Messages } from './messages.js'

export const en: Messages = {
  label: 'Stream chat',
  loading: 'Loading chat…',
  stillLoading: 'Still loading…',
  preview: 'The chat appears on the published page.',
  signInButton: 'Sign in',
  signInFirst: 'Sign in on the site first, then come back.',
  retry: 'Try again',
  retryNow: 'Retry now',
  retryAt: 'Trying again {time}',
  reloadPage: 'Load the page again',
  openInTab: 'Open in a new tab',
  help: 'Chat not working?',
  reload: 'Reload chat',
  copyReport: 'Copy report',
  copied: 'Copied',
  renewing: 'The chat goes on; renewing your access takes longer than usual.',
  restored: 'The chat is back.',
  forTheSite: 'For the site',
  code: 'Code',
  whatToDo: 'What to do',
  requestId: 'Request ID',
  developer: 'For developers',
  state: 'State',
  header: 'Token header',
  claims: 'Token claims',
  wrong: 'wrong',
  none: 'none',
  tokenLife: 'Token ends',
  nextRefresh: 'Next refresh',
  clockDifference: 'Server clock less this one',
  timeline: 'Last steps',
  problems: {
    signIn: {
      heading: 'Sign in to join the chat',
      message: 'Sign in to read and write here. Your name is shown with your messages.',
    },
    name: {
      heading: 'Choose a name',
      message: 'Other people see it next to your messages.',
    },
    denied: {
      heading: 'This chat is not open to you',
      message: 'Your account has no access to this chat. If you think it should, ask the organisers.',
    },
    notHere: {
      heading: 'There is no chat here yet',
      message: 'This stream’s chat is not open on this site. If the stream is on, tell the organisers.',
    },
    busy: {
      heading: 'Many people are joining',
      message: 'The chat is full of people coming in. You keep your place and get in by yourself.',
    },
    tooOften: {
      heading: 'One moment, please',
      message: 'The chat was asked for many times in a short while. It lets you in after a pause.',
    },
    slow: {
      heading: 'The chat is slow to answer',
      message: 'It is taking longer than it should. A slow connection may be the reason.',
    },
    offline: {
      heading: 'You are offline',
      message: 'The chat comes back with your internet connection.',
    },
    blocked: {
      heading: 'This page does not let the chat in',
      message: 'The chat can’t be shown on this page. You can open it in a new tab.',
    },
    misconfigured: {
      heading: 'The chat is not set up right',
      message: 'Only the organisers can mend this. Please tell them; the details below help.',
    },
    intercepted: {
      heading: 'Something stands before the chat',
      message:
        'A check or a sign-in page of the network has answered in its place. Load the page again; if that does not help, tell the organisers.',
    },
    transient: {
      heading: 'The chat can’t be reached just now',
      message: 'It is tried again by itself. There is nothing you need to do.',
    },
    otherStream: {
      heading: 'This is another stream’s pass',
      message: 'The site gave out a pass for a different stream. Please tell the organisers.',
    },
    notForChat: {
      heading: 'This pass is not for the chat',
      message: 'The site gave out a pass that is meant for something else. Please tell the organisers.',
    },
    expiredOnArrival: {
      heading: 'Your pass had ended when it came',
      message: 'The site gave out a pass that is no longer good. Please tell the organisers.',
    },
    ended: {
      heading: 'Your pass to the chat has ended',
      message: 'A new one could not be had yet. New messages may be missing until you are back in.',
    },
    unknownKey: {
      heading: 'Kinescope does not know this site’s key',
      message:
        'The site’s key to the chat is not registered, so nobody can come in. Please tell the organisers; you get in by yourself once it is.',
    },
    pageTooOld: {
      heading: 'This page has been open for a long time',
      message: 'Load the page again to stay in the chat.',
    },
  },
}
