/** True in `npm run test:all`, which plays loops in full and every step of a sweep. */
export const testsAll: boolean = process.env['TEST_TIER'] === 'all'

/** The number of runs of a property or a loop: all of them in `npm run test:all`, a tenth but at least 20 otherwise. */
export const runs = (all: number): number =>
  testsAll ? all : Math.min(all, Math.max(20, Math.ceil(all / 10)))
