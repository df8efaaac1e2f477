import { html, type TemplateResult } from 'lit'
import type { Category } from '../problem.js'

/** The icons, as paths in a box of 24 by 24. */
const PATHS = {
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0',
  lock: 'M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3',
  chat: 'M4 5h16v11H9l-5 4z',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2',
  network: 'M4 10a12 12 0 0 1 16 0M7 13.5a7.5 7.5 0 0 1 10 0M10 17a3 3 0 0 1 4 0M4 4l16 16',
  settings: 'M4 7h9m4 0h3M4 17h3m4 0h9M15 5v4M9 15v4',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5m0-8v.01',
}
type Icon = keyof typeof PATHS

/** The icon of each kind of problem; of a wrong setup where there is none here. */
const ICONS: Partial<Record<Category, Icon>> = {
  signIn: 'person',
  name: 'person',
  denied: 'lock',
  notHere: 'chat',
  busy: 'clock',
  tooOften: 'clock',
  slow: 'clock',
  offline: 'network',
  blocked: 'lock',
  intercepted: 'lock',
  transient: 'network',
  expiredOnArrival: 'clock',
  ended: 'clock',
  pageTooOld: 'clock',
}
export const iconOf = (category: Category): TemplateResult => icon(ICONS[category] ?? 'settings')

/** An icon in the color of the text, hidden from screen readers: the text beside it says the same. */
export const icon = (name: Icon): TemplateResult =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`
