import { html, type TemplateResult } from 'lit'
import type { ChatViewModel } from './model.js'

/** The longest name that a server accepts, in code points. */
const LONGEST_NAME = 64

/** The form for a guest who chooses a name. */
export function nameForm({ text, actions, state }: ChatViewModel): TemplateResult {
  const { nameError, name } = actions
  const busy = actions.entering || state.busy
  return html`<form class="row name" @submit=${actions.enterName} novalidate>
    <label for="name" .textContent=${text.nameField}></label>
    <input
      id="name"
      name="nickname"
      autocomplete="nickname"
      maxlength=${LONGEST_NAME}
      required
      aria-invalid=${nameError !== ''}
      aria-describedby="name-error"
      .value=${name}
    />
    <button
      class="button main"
      part="button"
      aria-disabled=${busy}
      .textContent=${busy ? text.retrying : text.enter}
    ></button>
    <p id="name-error" class="wrong" role="alert" .textContent=${nameError}></p>
  </form>`
}
