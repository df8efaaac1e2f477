import { courseOf, type Problem } from '../problem.js'
import type { Messages } from './messages.js'

/** What is said of a problem over a chat that is on the page: no more than that it goes on, where it does. */
export function troubleOf({ code, topic }: Problem, text: Messages): string {
  const goesOn = ['passes', 'foreign'].includes(courseOf(code)) && topic !== 'offline'
  return goesOn ? text.renewing : text.topics[topic].heading
}
