import type { ChatState } from '../session/state.js'
import type { Messages } from './messages.js'

/** What is said of a problem over a chat that is on the page: no more than that it goes on, where it does. */
export function bannerText({ status, category }: ChatState, text: Messages): string {
  return status === 'refreshing' && category !== 'offline' ? text.renewing : text.problems[category!].heading
}
