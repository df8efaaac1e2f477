import type { Category } from '../problem.js'

/** What a visitor reads of one category: a heading, and a message that says it all by itself. */
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
  /** Said where pressing "Sign in" has led nowhere: the page has no sign-in of its own. */
  signInFirst: string
  retry: string
  /** The button where the next retry is counted down; the time follows it. */
  retryNow: string
  /** The button while a request is under way. */
  retrying: string
  reloadPage: string
  openInTab: string
  help: string
  reload: string
  copyReport: string
  copied: string
  /** Over a chat that goes on while a new token can't be had. */
  renewing: string
  restored: string
  /** The form for guests who choose a name. */
  nameField: string
  enter: string
  nameEmpty: string
  nameRefused: string
  /** The closed part under a problem, for whoever runs the site. */
  forTheSite: string
  code: string
  found: string
  whatToDo: string
  /** The link to the code's page in the docs. */
  howToFix: string
  requestId: string
  problems: Record<Category, Words>
}
