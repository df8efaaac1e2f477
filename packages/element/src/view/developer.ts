import { html, nothing, svg, type TemplateResult } from 'lit'
import type { Diagnostics } from '../diagnostics.js'
import type { Messages } from './messages.js'

/** The developer panel: the diagnostics in readable form. */
export function developerPanel(model: Diagnostics, text: Messages): TemplateResult {
  const { state, problem, header, claims, wrong, life, timeLeftMs, clockDifferenceMs, ignoredChatOrigin } =
    model
  const fact = (name: string, value: string | null | undefined) =>
    value
      ? html`<dt .textContent=${name}></dt>
          <dd translate="no" dir="auto" .textContent=${value}></dd>`
      : nothing
  const ofHeader = wrong === 'alg' || wrong === 'kid'
  return html`<section class="debug" part="details" aria-label=${text.developer}>
    ${heading(text.developer)}
    <dl class="facts">
      ${fact(text.state, state)} ${fact(text.code, problem?.code)}
      ${fact(text.whatToDo, problem?.remediation)} ${fact(text.requestId, problem?.requestId)}
      ${fact('chat-origin', ignoredChatOrigin && `${ignoredChatOrigin} (${text.wrong})`)}
      ${fact(text.clockDifference, seconds(clockDifferenceMs, text))}
      ${fact(text.tokenLife, seconds(timeLeftMs, text))}
      ${life ? fact(text.nextRefresh, seconds(life.nextInMs, text)) : nothing}
    </dl>
    ${life ? lifeBar(life) : nothing} ${members(text.header, header, ofHeader ? wrong : null, text)}
    ${members(text.claims, claims, ofHeader ? null : wrong, text)}
    <h2 id="steps" .textContent=${text.timeline}></h2>
    <ol class="steps" tabindex="0" aria-labelledby="steps" translate="no">
      ${model.steps.map(
        ({ at, what }) =>
          html`<li>
            <time .textContent=${`${(at / 1000).toFixed(2)} s`}></time><span .textContent=${what}></span>
          </li>`,
      )}
    </ol>
  </section>`
}

const heading = (text: string) => html`<h2 .textContent=${text}></h2>`

/** The header or the claims with the wrong member marked; a missing one is listed too. */
function members(
  title: string,
  part: object | null,
  wrong: string | null,
  text: Messages,
): TemplateResult | typeof nothing {
  if (!part) return nothing
  const all: Record<string, unknown> = { ...(wrong ? { [wrong]: text.none } : {}), ...part }
  return html`${heading(title)}
    <dl class="facts raw" translate="no">
      ${Object.entries(all).map(
        ([name, value]) =>
          html`<dt .textContent=${name}></dt>
            <dd>
              <bdi class=${name === wrong ? 'wrong' : ''} .textContent=${written(value)}></bdi
              ><span .textContent=${asDate(name, value)}></span>
              ${name === wrong ? html`<strong .textContent=${`← ${text.wrong}`}></strong>` : nothing}
            </dd>`,
      )}
    </dl>`
}

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** A NumericDate (RFC 7519, section 2) as a readable time. */
function asDate(name: string, value: unknown): string {
  if (!['exp', 'iat', 'nbf'].includes(name) || typeof value !== 'number') return ''
  const date = new Date(value * 1000)
  return Number.isNaN(date.getTime()) ? '' : ` (${date.toISOString().replace('.000', '')})`
}

/** The token's lifetime as a bar, with a mark at the next refresh. */
function lifeBar({ spentMs, leftMs, nextInMs }: NonNullable<Diagnostics['life']>): TemplateResult {
  const percent = (ms: number) => Math.min(100, Math.max(0, (100 * ms) / Math.max(1, spentMs + leftMs)))
  return html`<svg class="life" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
    <rect class="spent" width=${percent(spentMs)} height="1" />
    ${
      nextInMs === null
        ? nothing
        : svg`<rect class="next" x=${percent(spentMs + nextInMs)} width="0.8" height="1" />`
    }
  </svg>`
}

const seconds = (ms: number | null, { none }: Messages): string =>
  // no -0.0: it would look like a difference
  ms === null ? none : `${(Math.round(ms / 100) / 10 || 0).toFixed(ms < 10_000 ? 1 : 0)} s`
