import { courseOf, type Problem } from '../problem.js'
import type { Messages } from './messages.js'

/** What is said of a problem over a chat that is on the page: no more than that it goes on, where it does. */
export function troubleOf(problem: Problem, text: Messages): string {
  const { topic, retryInMs } = problem
  const goesOn = (courseOf(problem) === 'passes' || retryInMs !== null) && topic !== 'offline'
  return goesOn ? text.renewing : text.topics[topic].heading
}
