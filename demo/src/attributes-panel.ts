import type { KinescopeChatAttributes } from 'kinescope-chat/jsx'
import { find, make } from './make.js'
import { say } from './words.js'

type Attribute = Exclude<keyof KinescopeChatAttributes, `on${string}` | 'fetchToken'>

/** What each attribute can be; an empty list is free text, `['']` a switch. A new attribute doesn't compile without a line. */
const ATTRIBUTES: Record<Attribute, readonly string[]> = {
  'event-id': [],
  'token-url': [],
  'chat-origin': [],
  token: [],
  identity: [],
  credentials: ['include', 'same-origin', 'omit'],
  refresh: ['swap', 'hold'],
  loading: ['eager', 'lazy'],
  language: ['en', 'ru'],
  label: [],
  'signin-url': [],
  preview: [''],
  help: [''],
  unattended: [''],
  debug: [''],
}

/** A control for each attribute of the element; a change takes effect at once. */
export function drawAttributes(chats: () => HTMLElement[], changed: () => void): void {
  const set = (name: string, value: string | null) => {
    for (const chat of chats()) {
      if (value === null) chat.removeAttribute(name)
      else chat.setAttribute(name, value)
    }
    changed()
  }
  const rows = Object.entries(ATTRIBUTES).map(([name, values]) => {
    const id = `attribute-${name}`
    const present = chats()[0]?.getAttribute(name) ?? null
    return make(
      'div',
      { class: 'field' },
      make('label', { for: id }, make('code', {}, name)),
      control(id, name, values, present, set),
    )
  })
  find('panel-attributes').replaceChildren(...rows)
}

function control(
  id: string,
  name: string,
  values: readonly string[],
  present: string | null,
  set: (name: string, value: string | null) => void,
): HTMLElement {
  if (values[0] === '') {
    const box = make('input', { id, type: 'checkbox', onchange: () => set(name, box.checked ? '' : null) })
    box.checked = present !== null
    return box
  }
  if (values.length === 0) {
    const field = make('input', {
      id,
      placeholder: say('unset'),
      spellcheck: 'false',
      onchange: () => set(name, field.value || null),
    })
    field.value = present ?? ''
    return field
  }
  const choice = make(
    'select',
    { id, onchange: () => set(name, choice.value || null) },
    make('option', { value: '' }, say('unset')),
  )
  choice.append(...values.map((value) => make('option', { value }, value)))
  choice.value = present ?? ''
  return choice
}
