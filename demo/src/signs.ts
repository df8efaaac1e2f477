import { html, type TemplateResult } from 'lit'

/** Strokes on a grid of 16, for signs that a font may lack. */
const STROKES = {
  passed: 'M3 8.5 6.5 12 13 4.5',
  failed: 'M4 4l8 8M12 4l-8 8',
  hand: 'M8 7.6a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2ZM2.6 14c.5-2.8 2.6-4.2 5.4-4.2s4.9 1.4 5.4 4.2',
  waits: 'M3 8h.01M8 8h.01M13 8h.01',
  again: 'M13 8a5 5 0 1 1-1.6-3.7M13 1.8v3h-3',
  stop: 'M4.5 4.5h7v7h-7Z',
  previous: 'M10 3.5 5.5 8l4.5 4.5',
  next: 'M6 3.5 10.5 8 6 12.5',
} as const

export type Sign = keyof typeof STROKES

/** A sign beside a word, or in the place of one that is read aloud. */
export const sign = (name: Sign): TemplateResult =>
  html`<svg class="sign" viewBox="0 0 16 16" aria-hidden="true"><path d=${STROKES[name]} /></svg>`
