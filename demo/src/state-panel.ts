import { html, render } from 'lit'
import type { ChatWatch } from './chat-watch.js'
import { find } from './make.js'
import { say } from './words.js'

/** What the first chat knows of itself. */
export function drawState({ first }: ChatWatch): void {
  // the panel is closed most of the time, and diagnostics are much to write
  if (find('panel-state').hidden) return
  const { state = '', problem, expiresAt } = first ?? {}
  const facts: [string, string][] = [
    ['state', state],
    ['problem', problem ? problem.code : say('none')],
    ['expiresAt', expiresAt ? expiresAt.toLocaleTimeString() : say('none')],
  ]
  if (problem) facts.push(['message', problem.message], ['remediation', problem.remediation])
  render(
    facts.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    ),
    find('state-facts'),
  )
  find('diagnostics').textContent = JSON.stringify(first?.diagnostics() ?? {}, null, 2)
}
