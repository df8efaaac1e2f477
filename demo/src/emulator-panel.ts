import { html, nothing, render, type TemplateResult } from 'lit'
import type { Fault } from '../emulator/faults.js'
import type { Variants } from '../emulator/variants.js'
import { FAULT_PRESETS } from './fault-presets.js'
import { find } from './make.js'
import { SWITCH_WORDS, type SwitchGroup } from './switch-words.js'
import { inLanguage, say, type Word } from './words.js'

/** The members of `GET /emulator/state` that this panel shows. */
interface EmulatorView {
  variants: Record<string, unknown>
  documented: Record<string, unknown>
  choices: Record<string, readonly unknown[]>
  clockOffsetMs: number
  faults: object[]
  requests: { at: number; method: string; path: string; status: number }[]
}

type Call = (method: string, path: string, body?: object) => void

const GROUPS: readonly SwitchGroup[] = ['api', 'ids', 'chatPage', 'session']
const KINDS = ['status', 'html', 'hang', 'latency', 'drop', 'commit-then-drop', 'truncate', 'close-reused']

/** The switches of the emulator, over its control routes. */
export async function drawEmulator(origin: string, quietly: typeof fetch): Promise<void> {
  const panel = find('panel-emulator')
  const ask = async (method: string, path: string, body?: object) => {
    const reply = await quietly(`${origin}/emulator/${path}`, {
      method,
      ...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}),
    })
    return (await reply.json()) as EmulatorView
  }
  const show = (asked: Promise<EmulatorView>): Promise<void> =>
    asked.then(
      (view) => void render(viewOf(view, call), panel),
      () => void render(html`<p>${say('unreachable')}</p>`, panel),
    )
  const call: Call = (method, path, body) => void show(ask(method, path, body))
  await show(ask('GET', 'state'))
}

function viewOf(view: EmulatorView, call: Call): TemplateResult {
  const changed = Object.keys(view.choices).filter((name) => isChanged(view, name))
  return html`
    <p>${say('emulatorAbout')}</p>
    <p class="buttons">
      <button @click=${() => call('POST', 'reset')}>${say('reset')}</button>
      <span class="quiet">${changed.length ? `${say('changedSwitches')} ${changed.length}` : ''}</span>
    </p>
    <h3>${say('readyFaults')}</h3>
    ${presets('chatLink', call)} ${presets('apiLink', call)}
    ${
      view.faults.length
        ? html`<h3>${say('faultsNow')}</h3>
            ${view.faults.map((fault) => html`<pre tabindex="0">${JSON.stringify(fault)}</pre>`)}
            <p class="buttons">
              <button @click=${() => call('DELETE', 'faults')}>${say('clearFaults')}</button>
            </p>`
        : nothing
    }
    <details>
      <summary>${say('anyFault')}</summary>
      ${faultForm((fault) => call('POST', 'faults', fault))}
    </details>
    <h3>${say('clockGroup')}</h3>
    ${clockField(view, call)}
    ${GROUPS.map(
      (group) =>
        html`<h3>${say(group)}</h3>
          ${Object.keys(view.choices)
            .filter((name) => SWITCH_WORDS[name as keyof Variants].group === group)
            .map((name) => switchField(view, name, call))}`,
    )}
    <h3>${say('requests')}</h3>
    <pre tabindex="0">${logOf(view)}</pre>
  `
}

const isChanged = ({ variants, documented }: EmulatorView, name: string): boolean =>
  JSON.stringify(variants[name]) !== JSON.stringify(documented[name])

function switchField(view: EmulatorView, name: string, call: Call): TemplateResult {
  const { title, documents } = SWITCH_WORDS[name as keyof Variants]
  const id = `variant-${name}`
  const now = JSON.stringify(view.variants[name])
  return html`<div class="field">
    <label for=${id}>
      ${
        isChanged(view, name)
          ? html`<span
              class="dot"
              title=${say('notAsDocumented')}
              role="img"
              aria-label=${say('notAsDocumented')}
            ></span>`
          : nothing
      }
      ${inLanguage(title)} <code>${name}</code>
      <span class="quiet" id=${`${id}-about`}>${inLanguage(documents)}</span>
    </label>
    <select
      id=${id}
      aria-describedby=${`${id}-about`}
      @change=${({ currentTarget }: Event) =>
        call('PATCH', 'variants', {
          [name]: JSON.parse((currentTarget as HTMLSelectElement).value) as unknown,
        })}
    >
      ${view.choices[name]!.map((value) => {
        const written = JSON.stringify(value)
        return html`<option value=${written} .selected=${written === now}>${String(value)}</option>`
      })}
    </select>
  </div>`
}

function clockField({ clockOffsetMs }: EmulatorView, call: Call): TemplateResult {
  return html`<div class="field">
    <label for="clock">${say('clock')}</label>
    <input
      id="clock"
      type="number"
      .value=${String(clockOffsetMs / 1000)}
      @change=${({ currentTarget }: Event) =>
        call('PUT', 'clock', { offsetMs: Number((currentTarget as HTMLInputElement).value) * 1000 })}
    />
  </div>`
}

const presets = (link: keyof typeof FAULT_PRESETS, call: Call): TemplateResult =>
  html`<p class="quiet">${say(link)}</p>
    <div class="buttons">
      ${FAULT_PRESETS[link].map(
        ({ title, fault }) =>
          html`<button @click=${() => call('POST', 'faults', fault)}>${inLanguage(title)}</button>`,
      )}
    </div>`

/** A form for any fault that isn't ready-made. */
function faultForm(add: (fault: Fault) => void): TemplateResult {
  const field = (name: Word, control: TemplateResult) =>
    html`<div class="field"><label for=${`fault-${name}`}>${say(name)}</label>${control}</div>`
  const submit = (event: Event) => {
    event.preventDefault()
    const read = (name: string) => find<HTMLInputElement>(`fault-${name}`).value
    const kind = read('kind')
    const number = Number(read('value'))
    add({
      kind,
      path: read('path'),
      ...(kind === 'latency' ? { ms: number } : { status: number }),
      ...(read('times') === '' ? {} : { times: Number(read('times')) }),
    } as Fault)
  }
  return html`<form @submit=${submit}>
    ${field(
      'kind',
      html`<select id="fault-kind">
        ${KINDS.map((name) => html`<option>${name}</option>`)}
      </select>`,
    )}
    ${field('path', html`<input id="fault-path" value="/chat/*" />`)}
    ${field('value', html`<input id="fault-value" type="number" value="503" />`)}
    ${field('times', html`<input id="fault-times" type="number" min="1" />`)}
    <button class="strong">${say('addFault')}</button>
  </form>`
}

const logOf = ({ requests }: EmulatorView): string =>
  requests
    .slice(-30)
    .reverse()
    .map(
      ({ at, method, path, status }) => `${new Date(at).toLocaleTimeString()}  ${status}  ${method} ${path}`,
    )
    .join('\n')
