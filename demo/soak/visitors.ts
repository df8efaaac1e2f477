import { randomUUID } from 'node:crypto'
import { SEED } from '../emulator/seed-events.js'
import { startDemo } from '../start-demo.js'
import { launchBrowser } from '../test/e2e/browser.js'
import { growth, type Weight } from './growth.js'
import { hazards } from './hazards.js'
import { Talker } from './talker.js'

/** The shortest lifetime of a token, so that refreshes are as frequent as possible. */
const TOKEN_S = 60
/** How often the soak test measures the pages. */
const WEIGH_MS = 20_000
/** The time after the last fault: for the last retry, and for delayed messages to arrive. */
const CALM_MS = 80_000

/**
 * Two visitors talk all the time, by the real clock and the real server. Meanwhile keys are replaced, the token server
 * restarts, the API fails, a machine sleeps, a tab is hidden and the network is lost.
 * @returns whether no message was lost, no figure has grown and no chat was blank
 */
export async function visitors(minutes: number): Promise<boolean> {
  const demo = await startDemo({
    ports: { site: 0, token: 0, emulator: 0 },
    watch: false,
    logLevel: 'silent',
    settings: { CHAT_TOKEN_TTL: String(TOKEN_S), CHAT_RATE_LIMIT: 'off' },
    report: (step) => console.log(`  ✓ ${step}`),
  })
  const browser = await launchBrowser()
  try {
    const arrived = listen(demo.emulator.rooms)
    const talkers = [await Talker.enter(browser, demo, 'Ann'), await Talker.enter(browser, demo, 'Ben')]
    const began = performance.now()
    const end = began + minutes * 60_000
    const weights: Weight[] = []
    let over = false
    const report = (what: string) =>
      console.log(`  ${String(Math.round((performance.now() - began) / 1000)).padStart(4)} s  ${what}`)

    const talking = talkers.map((talker) => talker.talk(() => over))
    const weighing = (async () => {
      while (!over) {
        await new Promise((resolve) => setTimeout(resolve, WEIGH_MS))
        const weight = await Promise.all(talkers.map((talker) => talker.weigh()))
        if (weight.includes(null)) continue
        const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
        weights.push({
          heap: weight.reduce((sum, one) => sum + one!.heap, 0),
          listeners: weight.reduce((sum, one) => sum + one!.listeners, 0),
          history: weight.reduce((sum, one) => sum + one!.history, 0),
          sockets,
        })
        report(`${arrived.size} messages, ${JSON.stringify(weights.at(-1))}`)
      }
    })()
    await hazards(demo, talkers, { until: () => performance.now() > end - CALM_MS, report })
    report('calm')
    await new Promise((resolve) => setTimeout(resolve, Math.max(CALM_MS, end - performance.now())))
    over = true
    await Promise.all([...talking, weighing])
    await new Promise((resolve) => setTimeout(resolve, 2000))

    const fine: boolean[] = []
    const check = (what: string, isFine: boolean, measured: string) => {
      console.log(`${isFine ? 'ok  ' : 'FAIL'} ${what}: ${measured}`)
      fine.push(isFine)
    }
    const sent = talkers.flatMap((talker) => talker.sent)
    const lost = sent.filter((text) => !arrived.has(text))
    const doubled = [...arrived].filter(([, times]) => times > 1).map(([text]) => text)
    check(
      'every message arrived',
      sent.length > 0 && lost.length === 0,
      `${sent.length} sent, lost: ${lost.join(', ') || 'none'}`,
    )
    check('and once', doubled.length === 0, doubled.join(', ') || 'none came twice')
    const lastOnes = [...arrived.keys()].slice(-50)
    for (const talker of talkers) {
      const { state, shown, blank, samples, longestSilence, again } = await talker.stand()
      const missed = lastOnes.filter((text) => shown.filter((one) => one === text).length !== 1)
      check(`${talker.name} is in at the end`, state === 'ready', state)
      check(
        `${talker.name} sees what was said, once`,
        missed.length === 0,
        missed.join(', ') || `the last ${lastOnes.length}`,
      )
      check(
        `${talker.name} never saw an empty box`,
        samples > 0 && blank === 0,
        `${blank} of ${samples} samples`,
      )
      console.log(
        `     ${talker.name}: the longest that a message had to wait: ${Math.round(longestSilence / 1000)} s; typed or sent anew: ${again} times`,
      )
    }
    for (const { what, isFine, measured } of growth(weights)) check(what, isFine, measured)
    return fine.every(Boolean)
  } finally {
    await browser.close()
    await demo.close()
  }
}

/** Counts each message in the chat. */
function listen(rooms: Awaited<ReturnType<typeof startDemo>>['emulator']['rooms']): Map<string, number> {
  const arrived = new Map<string, number>()
  const session = {
    id: randomUUID(),
    eventId: SEED.live.id,
    name: 'Listener',
    standing: 'read-only',
    kid: null,
    endsAt: null,
  } as const
  rooms.listen(
    session,
    (news) => {
      if (news.kind === 'message') arrived.set(news.message.text, (arrived.get(news.message.text) ?? 0) + 1)
    },
    () => undefined,
  )
  return arrived
}
