import { drawn, rounded, type NamedAim, type Part } from './part.js'
import { play, stories, TTL_S } from './viewers.js'

const CROWDS = [
  { viewers: 100_000, replicas: 2 },
  { viewers: 1_000_000, replicas: 8 },
]

/** Simulates 100,000 and 1,000,000 viewers with the element's own delays. */
export function crowds(): Part {
  const aims: NamedAim[] = []
  const tables = CROWDS.map(({ viewers, replicas }) => {
    // viewers who arrive within ten seconds, are never rejected, and all refresh at exp - 60 s
    const naive = stories(viewers, Infinity, 'naive')[1]!
    const { refreshPeak: naivePeak } = play(naive)
    const worst = { refreshPeak: 0, afterReturn: 0 }
    const picture = ['requests; a column is two minutes; each line is scaled to its own maximum']
    const rows = stories(viewers, replicas).map((story) => {
      const outcome = play(story)
      picture.push(`${drawn(outcome.minutes)}  ${story.name}`)
      const { peak, refreshPeak, refused, longestWithout, longestAfterReturn, allIn } = outcome
      const share = (100 * refreshPeak) / naivePeak
      worst.refreshPeak = Math.max(worst.refreshPeak, share)
      worst.afterReturn = Math.max(worst.afterReturn, longestAfterReturn)
      return {
        story: story.name,
        'peak /s': peak,
        'refresh peak /s': refreshPeak,
        '% of exp − 60 s': rounded(share, 2),
        refused,
        'longest without, s': rounded(longestWithout, 1),
        'after return, s': rounded(longestAfterReturn, 1),
        'all in': allIn,
      }
    })
    const crowd = `${viewers.toLocaleString('en')} viewers`
    aims.push(
      {
        what: `${crowd}: refresh peak, % of what exp − 60 s gives`,
        measured: rounded(worst.refreshPeak, 2),
        bound: 'at most',
        limit: 2,
      },
      {
        what: `${crowd}: longest time without a token after the servers return, s`,
        measured: rounded(worst.afterReturn, 1),
        bound: 'at most',
        limit: 90,
      },
    )
    return {
      title: `${crowd}, ${replicas} servers`,
      bars: 'refresh peak /s',
      rows,
      picture,
    }
  })
  return {
    title: 'Crowds',
    how: `A simulation, tick by tick, with the element’s own retry code and the server’s own admission code. A server signs 1,000 tokens a second, and a token lives ${TTL_S} s. The column "% of exp − 60 s" compares with the same number of viewers who all refresh a minute before their tokens expire. A page doesn’t learn that its key was revoked. An open chat gets its next token at the next refresh or page load. A shorter \`CHAT_TOKEN_TTL\` reduces that time.`,
    aims,
    tables,
  }
}
