import { UsageProblem } from './command.js'

/** No token is longer; what comes by a pipe may have no end. */
const LONGEST = 65_536

/** A token as an argument, or by standard input where that is `-`: arguments are seen by everybody on the machine. */
export async function givenToken(given: string): Promise<string> {
  if (given !== '-') return given.trim()
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.length > LONGEST) break
  }
  if (text.trim() === '')
    throw new UsageProblem('standard input held no token', 'Write: … | kinescope-chat-server token verify -')
  return text.trim()
}
