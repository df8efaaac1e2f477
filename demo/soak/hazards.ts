import type { Demo } from '../start-demo.js'
import type { Talker } from './talker.js'

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** One thing after the other, round and round, until it is time to stop. */
export async function hazards(
  demo: Demo,
  [ann, ben]: readonly Talker[],
  { until, report }: { until: () => boolean; report: (what: string) => void },
): Promise<void> {
  const { operated, emulator } = demo
  const round: Record<string, () => Promise<void>> = {
    'the keys are replaced': () => operated.rotateKeys(),
    'the token server is started anew': () => operated.restart(),
    'Ben is offline for ten seconds': () => ben!.offline(10_000),
    'the API is out for twenty seconds, and the keys are to be replaced': async () => {
      emulator.faults.add({ kind: 'status', path: '/v1/**', status: 503 }, { kind: 'hang', path: '/v2/**' })
      const failed = operated.rotateKeys().then(
        () => 'the keys were replaced without an API',
        () => 'as it should, that failed',
      )
      await pause(20_000)
      emulator.faults.clear()
      report(await failed)
      await operated.rotateKeys()
    },
    'Ann’s machine sleeps for longer than her token lives': () => ann!.sleep(70_000),
    'Ben’s tab is hidden for longer than his token lives': () => ben!.hide(70_000),
    'Ann is offline for longer than her token lives': () => ann!.offline(65_000),
  }
  for (;;)
    for (const [what, happen] of Object.entries(round)) {
      if (until()) return
      report(what)
      await happen()
      await pause(6000)
    }
}
