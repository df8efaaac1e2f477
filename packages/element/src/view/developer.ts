import { html, nothing, type TemplateResult } from 'lit'
import type { Diagnostics } from '../diagnostics.js'

/** The developer panel: the diagnostics in readable form, in English as all that is the developer's. */
export function developerPanel(model: Diagnostics): TemplateResult {
  const { state, problem, header, claims, wrong, life, timeLeftMs, clockDifferenceMs, ignoredChatOrigin } =
    model
  const ofHeader = wrong === 'alg' || wrong === 'kid'
  return html`<section
    class="debug"
    part="details"
    aria-label="For developers"
    lang="en"
    dir="ltr"
    translate="no"
  >
    ${list('For developers', {
      State: state,
      Code: problem?.code,
      'What to do': problem?.remediation,
      'Request ID': problem?.requestId,
      'Ignored chat-origin': ignoredChatOrigin,
      'Server clock ahead by': seconds(clockDifferenceMs),
      'Token expires in': seconds(timeLeftMs),
      'Next refresh in': life && seconds(life.nextInMs),
    })}
    ${life && lifeBar(life)} ${list('Token header', header, ofHeader ? wrong : null)}
    ${list('Token claims', claims, ofHeader ? null : wrong)}
    <h2 id="steps">Last steps</h2>
    <ol class="steps" tabindex="0" aria-labelledby="steps">
      ${model.steps.map(
        ({ at, what }) => html`<li .textContent=${`${(at / 1000).toFixed(2)} s ${what}`}></li>`,
      )}
    </ol>
  </section>`
}

/** Facts with the wrong one marked; a missing wrong one is listed too. */
function list(
  title: string,
  facts: object | null,
  wrong: string | null = null,
): TemplateResult | typeof nothing {
  if (!facts) return nothing
  const all = Object.entries({ ...(wrong && { [wrong]: 'none' }), ...facts }) as [string, unknown][]
  return html`<h2 .textContent=${title}></h2>
    <dl class="facts">
      ${all.map(([name, value]) =>
        name === wrong || (value ?? '') !== ''
          ? html`<dt .textContent=${name}></dt>
              <dd>
                <bdi
                  class=${name === wrong ? 'wrong' : ''}
                  .textContent=${written(value) + asDate(name, value)}
                ></bdi>
              </dd>`
          : nothing,
      )}
    </dl>`
}

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** A NumericDate (RFC 7519, section 2) as a readable time. */
const asDate = (name: string, value: unknown): string =>
  ['exp', 'iat', 'nbf'].includes(name) ? ` (${new Date(Number(value) * 1000).toUTCString()})` : ''

/** The token's lifetime as a bar, with a mark at the next refresh. */
function lifeBar({ spentMs, leftMs, nextInMs }: NonNullable<Diagnostics['life']>): TemplateResult {
  const percent = (ms: number) => Math.min(100, Math.max(0, (100 * ms) / Math.max(1, spentMs + leftMs)))
  return html`<svg class="life" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
    <rect class="spent" width=${percent(spentMs)} height="1" />
    <rect
      class="next"
      x=${percent(spentMs + (nextInMs ?? 0))}
      width=${nextInMs === null ? 0 : 0.8}
      height="1"
    />
  </svg>`
}

const seconds = (ms: number | null): string => (ms === null ? 'none' : `${Math.round(ms / 100) / 10} s`)
