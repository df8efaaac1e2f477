// A hundred thousand and a million viewers, simulated with the element's own delays: part of `npm run bench`.
import { play, stories, TTL_S } from './viewers.js'

const CROWDS = [
  { viewers: 100_000, replicas: 2 },
  { viewers: 1_000_000, replicas: 8 },
]
const number = (value: number, digits = 0) =>
  value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })

for (const { viewers, replicas } of CROWDS) {
  console.log(`\n${number(viewers)} viewers, ${replicas} replicas of 1,000 tokens/s, tokens of ${TTL_S} s`)
  // what a crowd that came within ten seconds brings back at exp - 60 s, where nobody had been refused
  const naive = stories(viewers, Infinity, 'naive')[1]!
  const { refreshPeak: naivePeak } = play(naive)
  const rows = stories(viewers, replicas).map((story) => {
    const { peak, refreshPeak, refused, longestWithout, longestAfterReturn, allIn } = play(story)
    return {
      story: story.name,
      'peak /s': number(peak),
      'refresh peak /s': number(refreshPeak),
      '… of exp − 60 s': `${number((100 * refreshPeak) / naivePeak, 2)} %`,
      refused: number(refused),
      'longest without, s': number(longestWithout, 1),
      '… after return, s': number(longestAfterReturn, 1),
      'all in': allIn,
    }
  })
  console.table(rows)
}
