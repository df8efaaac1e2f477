/** What might grow, at one moment, with the garbage collected. */
export interface Weight {
  /** Bytes of both pages. */
  heap: number
  listeners: number
  /** Entries of the pages' histories. */
  history: number
  /** Connections of every server. */
  sockets: number
}

interface Finding {
  what: string
  isFine: boolean
  measured: string
}

/** What may come and go: a frame behind a frame has listeners, a hidden page's connections close late. */
const ALLOWED: Record<keyof Weight, (before: number) => number> = {
  heap: (before) => before * 1.25,
  listeners: (before) => before * 1.1 + 20,
  history: (before) => before,
  sockets: (before) => before * 1.25 + 8,
}

/** Holds the last third beside the first: what grows all the time shows, what comes and goes doesn't. */
export function growth(weights: readonly Weight[]): Finding[] {
  // the first ones warm the pages up
  const [, , ...settled] = weights
  const third = Math.floor(settled.length / 3)
  const names = Object.keys(ALLOWED) as (keyof Weight)[]
  if (third === 0) return [{ what: 'nothing grows', isFine: true, measured: 'too short to tell' }]
  return names.map((name) => {
    const [before, after] = [settled.slice(0, third), settled.slice(-third)].map((part) =>
      middle(part.map((weight) => weight[name])),
    ) as [number, number]
    return { what: `${name} flat`, isFine: after <= ALLOWED[name](before), measured: `${before} to ${after}` }
  })
}

function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
