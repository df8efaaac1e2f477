import { html, nothing, render } from 'lit'
import type { ChatWatch } from './chat-watch.js'
import { find } from './make.js'
import type { Network } from './network.js'
import { say } from './words.js'

/** How many rows a table shows, newest first. */
const ROWS = 100
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

export function drawEvents({ events }: ChatWatch): void {
  render(
    events
      .slice(-ROWS)
      .reverse()
      .map(
        ({ at, name, details }) =>
          html`<tr>
            <td>${seconds(at)}</td>
            <td><code>${name}</code></td>
            <td>${details}</td>
          </tr>`,
      ),
    find('event-rows'),
  )
}

/** Draws the requests. Each one opens to its two bodies, with the token decoded and masked. */
export function drawRequests({ requests }: Network): void {
  render(
    requests
      .slice(-ROWS)
      .reverse()
      .map(
        ({ at, method, url, status, tookMs, requestId, sent, received }) =>
          html`<tr>
            <td>${seconds(at)}</td>
            <td>
              <details>
                <summary><code>${method} ${url.replace(location.origin, '')}</code></summary>
                ${
                  sent
                    ? html`<h4>${say('sent')}</h4>
                        <pre tabindex="0">${sent}</pre>`
                    : nothing
                }
                ${
                  received
                    ? html`<h4>${say('received')}</h4>
                        <pre tabindex="0">${received}</pre>`
                    : nothing
                }
                ${requestId ? html`<p>X-Request-ID: <code>${requestId}</code></p>` : nothing}
              </details>
            </td>
            <td>${status === 0 ? say('noAnswer') : status}</td>
            <td>${Math.round(tookMs)} ms</td>
          </tr>`,
      ),
    find('request-rows'),
  )
}
