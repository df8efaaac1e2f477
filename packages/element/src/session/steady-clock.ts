let elapsed = 0
let wall = Date.now()
let monotonic = performance.now()

/**
 * Milliseconds that pass, whatever happens to the wall clock: the greater of what `performance.now()` counted (it stops
 * while some machines sleep) and what the wall clock moved (it doesn't, but it can be set). Only differences mean anything.
 */
export function steadyNow(): number {
  const [newWall, newMonotonic] = [Date.now(), performance.now()]
  elapsed += Math.max(newMonotonic - monotonic, newWall - wall, 0)
  wall = newWall
  monotonic = newMonotonic
  return elapsed
}
