import { find } from './make.js'
import { say, type Word } from './words.js'

/** Says something to a screen reader, once. */
export const announce = (word: Word) => (find('said').textContent = say(word))
