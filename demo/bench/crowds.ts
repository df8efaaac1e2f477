import { drawn, rounded, type Part } from './part.js'
import { play, stories, TTL_S } from './viewers.js'

const CROWDS = [
  { viewers: 100_000, replicas: 2 },
  { viewers: 1_000_000, replicas: 8 },
]

/** A hundred thousand and a million viewers, simulated with the element's own delays. */
export function crowds(): Part {
  const tables = CROWDS.map(({ viewers, replicas }) => {
    // what a crowd that came within ten seconds brings back at exp - 60 s, where nobody had been refused
    const naive = stories(viewers, Infinity, 'naive')[1]!
    const { refreshPeak: naivePeak } = play(naive)
    const picture = ['requests, a column is two minutes, each line as high as its highest']
    const rows = stories(viewers, replicas).map((story) => {
      const outcome = play(story)
      picture.push(`${drawn(outcome.minutes)}  ${story.name}`)
      const { peak, refreshPeak, refused, longestWithout, longestAfterReturn, allIn } = outcome
      return {
        story: story.name,
        'peak /s': peak,
        'refresh peak /s': refreshPeak,
        '% of exp − 60 s': rounded((100 * refreshPeak) / naivePeak, 2),
        refused,
        'longest without, s': rounded(longestWithout, 1),
        'after return, s': rounded(longestAfterReturn, 1),
        'all in': allIn,
      }
    })
    return {
      title: `${viewers.toLocaleString('en')} viewers, ${replicas} servers`,
      bars: 'refresh peak /s',
      rows,
      picture,
    }
  })
  return {
    title: 'Crowds',
    how: `Simulated, tick by tick, with the very code that the element waits by and the server gives places by. A server signs 1,000 tokens a second; a token lives ${TTL_S} s. "% of exp − 60 s" is beside a crowd of the same size that asks again a minute before its tokens end.`,
    tables,
  }
}
