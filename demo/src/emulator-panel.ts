import { find, make } from './make.js'
import { say } from './words.js'

/** What `GET /emulator/state` tells, as far as this panel shows it. */
interface EmulatorView {
  variants: Record<string, unknown>
  choices: Record<string, readonly unknown[]>
  clockOffsetMs: number
  faults: object[]
  requests: { at: number; method: string; path: string; status: number }[]
}

/** The switches of the emulator, over its control routes. */
export async function drawEmulator(origin: string, quietly: typeof fetch): Promise<void> {
  const panel = find('panel-emulator')
  const call = async (method: string, path: string, body?: object) => {
    const reply = await quietly(`${origin}/emulator/${path}`, {
      method,
      ...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}),
    })
    return (await reply.json()) as EmulatorView
  }
  const draw = ({ variants, choices, clockOffsetMs, faults, requests }: EmulatorView) => {
    const switches = Object.entries(choices).map(([name, values]) => {
      const id = `variant-${name}`
      const choice = make(
        'select',
        {
          id,
          onchange: () =>
            void call('PATCH', 'variants', { [name]: JSON.parse(choice.value) as unknown }).then(draw),
        },
        ...values.map((value) => make('option', { value: JSON.stringify(value) }, String(value))),
      )
      choice.value = JSON.stringify(variants[name])
      return make('div', { class: 'field' }, make('label', { for: id }, make('code', {}, name)), choice)
    })
    const clock = make('input', {
      id: 'clock',
      type: 'number',
      onchange: () => void call('PUT', 'clock', { offsetMs: Number(clock.value) * 1000 }).then(draw),
    })
    clock.value = String(clockOffsetMs / 1000)
    const log = requests
      .slice(-30)
      .reverse()
      .map(
        ({ at, method, path, status }) =>
          `${new Date(at).toLocaleTimeString()}  ${status}  ${method} ${path}`,
      )
    panel.replaceChildren(
      make('p', {}, say('emulatorAbout')),
      make(
        'p',
        { class: 'buttons' },
        make('button', { onclick: () => void call('POST', 'reset').then(draw) }, say('reset')),
      ),
      make('div', { class: 'field' }, make('label', { for: 'clock' }, say('clock')), clock),
      ...switches,
      make('h3', {}, say('faults')),
      faultForm((fault) => void call('POST', 'faults', fault).then(draw)),
      ...faults.map((fault) => make('pre', {}, JSON.stringify(fault))),
      make(
        'p',
        { class: 'buttons' },
        make('button', { onclick: () => void call('DELETE', 'faults').then(draw) }, say('clearFaults')),
      ),
      make('h3', {}, say('requests')),
      make('pre', { tabindex: '0' }, log.join('\n')),
    )
  }
  await call('GET', 'state').then(draw, () => panel.replaceChildren(make('p', {}, say('unreachable'))))
}

const KINDS = ['status', 'html', 'hang', 'latency', 'drop', 'commit-then-drop', 'truncate', 'close-reused']

/** A fault to inject into the API or the chat page. */
function faultForm(add: (fault: object) => void): HTMLElement {
  const kind = make('select', { id: 'fault-kind' }, ...KINDS.map((name) => make('option', {}, name)))
  const path = make('input', { id: 'fault-path', value: '/chat/*' })
  const value = make('input', { id: 'fault-value', type: 'number', value: '503' })
  const times = make('input', { id: 'fault-times', type: 'number', min: '1' })
  const form = make('form', {
    onsubmit(event) {
      event.preventDefault()
      const number = Number(value.value)
      add({
        kind: kind.value,
        path: path.value,
        ...(kind.value === 'latency' ? { ms: number } : { status: number }),
        ...(times.value === '' ? {} : { times: Number(times.value) }),
      })
    },
  })
  for (const [word, control] of Object.entries({ kind, path, value, times })) {
    const label = make('label', { for: control.id }, say(word as 'kind'))
    form.append(make('div', { class: 'field' }, label, control))
  }
  form.append(make('button', { class: 'strong' }, say('addFault')))
  return form
}
