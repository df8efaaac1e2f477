/** True in `npm run test:all`, which plays loops in full and every step of a sweep. */
export const testsAll: boolean = process.env['TEST_TIER'] === 'all'

/** The number of runs of a property or a loop: all of them in `npm run test:all`, a tenth but at least 20 otherwise. */
export const runs = (all: number): number =>
  testsAll ? all : Math.min(all, Math.max(20, Math.ceil(all / 10)))

/** Every code point in `npm run test:all`. Otherwise the blocks with marks and formatting characters, and every 61st of the rest. */
export function* codePoints(): Generator<number> {
  for (let code = 0; code <= 0x10_ffff; code++)
    if (testsAll || code < 0x3000 || (code >= 0xd7b0 && code <= 0xffff) || code % 61 === 0) yield code
}

/** All of many similar cases in `npm run test:all`, otherwise every nth from the first on. */
export const everyNth = <T>(n: number, cases: readonly T[]): T[] =>
  cases.filter((_, index) => testsAll || index % n === 0)
