import { steadyNow } from './steady-clock.js'

export interface Step {
  /** Milliseconds since the script began. */
  at: number
  what: string
}

const STEPS_KEPT = 30

/** The last things that happened to a chat, for whoever debugs it. */
export class Journal {
  readonly steps: Step[] = []

  note(what: string): void {
    this.steps.push({ at: Math.round(steadyNow()), what })
    if (this.steps.length > STEPS_KEPT) this.steps.shift()
  }
}
