import { createHash } from 'node:crypto'
import { PROBLEMS } from '../packages/element/src/problems.js'
import { en } from '../packages/element/src/view/en.js'
import { ru } from '../packages/element/src/view/ru.js'

/** What each picture of a code says, as a hash: `docs/pictures/texts.json` has those of the pictures that are there. */
export function pictureTexts(): Record<string, string> {
  const texts = Object.entries(PROBLEMS).flatMap(([code, [category]]) =>
    (
      [
        ['en', en],
        ['ru', ru],
      ] as const
    ).map(([language, messages]): [string, string] => {
      const text = JSON.stringify(messages.problems[category])
      return [`${code}-${language}.png`, createHash('sha256').update(text).digest('hex').slice(0, 12)]
    }),
  )
  return Object.fromEntries(texts.sort(([one], [other]) => (one < other ? -1 : 1)))
}
