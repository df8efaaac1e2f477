import { createHash } from 'node:crypto'
import { PROBLEMS } from '../packages/element/src/problems.js'
import { en } from '../packages/element/src/view/en.js'
import { ru } from '../packages/element/src/view/ru.js'

/** The messages of two visitors in the pictures of a working chat, by their names. */
export const TALKS = {
  en: { Ann: 'Hello! Can everyone hear the lecturer?', Ben: 'Loud and clear.' },
  ru: { Анна: 'Здравствуйте! Всем слышно лектора?', Борис: 'Слышно отлично!' },
} as const
export const THEMES = ['light', 'dark'] as const

const hash = (text: unknown): string =>
  createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, 12)

/** Hashes the texts in each picture. `docs/pictures/texts.json` has the hashes of the existing pictures. */
export function pictureTexts(): Record<string, string> {
  const messages = { en, ru }
  const hashes = (['en', 'ru'] as const).flatMap((language) => {
    const { problems, ...labels } = messages[language]
    return [
      ...Object.entries(PROBLEMS).map(([code, [category]]) => [
        `${code}-${language}.png`,
        hash([labels, problems[category]]),
      ]),
      ...THEMES.map((theme) => [`chat-${language}-${theme}.png`, hash(TALKS[language])]),
    ]
  })
  return Object.fromEntries(hashes.sort(([one], [other]) => (one! < other! ? -1 : 1))) as Record<
    string,
    string
  >
}
