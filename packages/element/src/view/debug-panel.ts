import { html, nothing, svg, type TemplateResult } from 'lit'
import type { Diagnostics } from '../diagnostics.js'
import type { Messages } from './messages.js'

/** The developer's panel: what there is to know of a chat, as something to read. */
export function debugPanel(model: Diagnostics, text: Messages): TemplateResult {
  const { state, problem, header, claims, wrong, life, timeLeftMs, clockDifferenceMs, ignoredChatOrigin } =
    model
  const fact = (name: string, value: unknown) =>
    html`<dt>${name}</dt>
      <dd>${value}</dd>`
  const { requestId, remediation } = problem ?? {}
  const ofHeader = wrong === 'alg' || wrong === 'kid'
  return html`<section class="debug" part="details" aria-label=${text.developer}>
    <h3>${text.developer}</h3>
    <dl class="facts">
      ${fact(text.state, html`<code>${state}</code>`)}
      ${problem ? fact(text.code, html`<code>${problem.code}</code>`) : nothing}
      ${remediation ? fact(text.whatToDo, html`<span lang="en" dir="ltr">${remediation}</span>`) : nothing}
      ${requestId ? fact(text.requestId, html`<code>${requestId}</code>`) : nothing}
      ${ignoredChatOrigin ? fact('chat-origin', html`<s>${ignoredChatOrigin}</s>`) : nothing}
      ${fact(text.clockDifference, seconds(clockDifferenceMs, text))}
      ${life ? lifeOf(life, text) : fact(text.tokenLife, seconds(timeLeftMs, text))}
    </dl>
    ${members(text.header, header, ofHeader ? wrong : null, text)}
    ${members(text.claims, claims, ofHeader ? null : wrong, text)}
    <h3 id="steps">${text.timeline}</h3>
    <ol class="steps" tabindex="0" aria-labelledby="steps">
      ${model.steps.map(({ at, what }) => html`<li><time>${(at / 1000).toFixed(2)} s</time>${what}</li>`)}
    </ol>
  </section>`
}

/** The header or the claims, and which of them is wrong; one that is missing is there by its name. */
function members(
  title: string,
  part: object | null,
  wrong: string | null,
  text: Messages,
): TemplateResult | typeof nothing {
  if (!part) return nothing
  return html`<h3>${title}</h3>
    <dl class="facts raw">
      ${Object.entries({ ...(wrong ? { [wrong]: text.none } : {}), ...part } as Record<string, unknown>).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>
              <bdi class=${name === wrong ? 'wrong' : ''}>${written(value)}</bdi>${inWords(name, value)}
              ${name === wrong ? html` <strong>← ${text.wrong}</strong>` : nothing}
            </dd>`,
      )}
    </dl>`
}

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** A NumericDate (RFC 7519, section 2) as a time that people read. */
function inWords(name: string, value: unknown): string {
  if (!['exp', 'iat', 'nbf'].includes(name) || typeof value !== 'number') return ''
  const date = new Date(value * 1000)
  return Number.isNaN(date.getTime()) ? '' : ` (${date.toISOString().replace('.000', '')})`
}

/** The life as numbers, and as a bar with a mark where the next token is asked for. */
function lifeOf(
  { spentMs, leftMs, nextInMs }: NonNullable<Diagnostics['life']>,
  text: Messages,
): TemplateResult {
  const whole = Math.max(1, spentMs + leftMs)
  const percent = (ms: number) => Math.min(100, Math.max(0, (100 * ms) / whole))
  return html`<dt>${text.tokenLife}</dt>
    <dd>
      ${seconds(leftMs, text)}
      <svg class="life" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        <rect class="spent" width=${percent(spentMs)} height="1" />
        ${
          nextInMs === null
            ? nothing
            : svg`<rect class="next" x=${percent(spentMs + nextInMs)} width="0.8" height="1" />`
        }
      </svg>
    </dd>
    <dt>${text.nextRefresh}</dt>
    <dd>${seconds(nextInMs, text)}</dd>`
}

const seconds = (ms: number | null, { none }: Messages): string =>
  // no -0.0: whoever reads it looks for a difference
  ms === null ? none : `${(Math.round(ms / 100) / 10 || 0).toFixed(ms < 10_000 ? 1 : 0)} s`
