import type { Aspect, Check } from './judge.js'
import type { Text } from './scenario.js'

type Sentence = (expected: string, observed: string) => Text

const SENTENCES: Record<Aspect, Sentence> = {
  state: (expected, observed) => ({
    en: `The state should be ${expected}. It is ${observed}.`,
    ru: `Ожидалось состояние ${expected}, получено ${observed}.`,
  }),
  problem: (expected, observed) => ({
    en: `${expected === 'null' ? 'There should be no problem.' : `There should be the problem ${expected}.`} ${
      observed === 'null' ? 'There is none.' : `There is ${observed}.`
    }`,
    ru: `${expected === 'null' ? 'Проблем быть не должно' : `Ожидалась проблема ${expected}`}, ${
      observed === 'null' ? 'но её нет' : `получена ${observed}`
    }.`,
  }),
  events: (expected, observed) => ({
    en: `These events should come in this order: ${expected}. Came: ${observed}.`,
    ru: `Ожидались события по порядку: ${expected}. Пришли: ${observed}.`,
  }),
  noEvents: (expected, observed) => ({
    en: `These events should not come: ${expected}. Came: ${observed}.`,
    ru: `Этих событий быть не должно: ${expected}. Пришли: ${observed}.`,
  }),
  tokenRequests: (expected, observed) => ({
    en: `Token requests: expected ${expected}, came ${observed}.`,
    ru: `Запросов токена: ожидалось ${expected}, было ${observed}.`,
  }),
  frames: (expected, observed) => ({
    en: `Frames on the page: expected ${expected}, found ${observed}.`,
    ru: `Фреймов на странице: ожидалось ${expected}, найдено ${observed}.`,
  }),
  framesSeen: (expected, observed) => ({
    en: `Frames in all: expected ${expected}, came ${observed}.`,
    ru: `Фреймов за всё время: ожидалось ${expected}, было ${observed}.`,
  }),
  name: (expected, observed) => ({
    en: `The name in the token should be ${expected}. It is ${observed}.`,
    ru: `Ожидалось имя в токене ${expected}, получено ${observed}.`,
  }),
  inFrame: (expected) => ({
    en: `Look into the frame. It should say ${expected}.`,
    ru: `Посмотрите во фрейм: там должно быть ${expected}.`,
  }),
  step: (expected, observed) => ({
    en: `A step failed. Expected: ${expected}. Came: ${observed}.`,
    ru: `Шаг не удался. Ожидалось: ${expected}. Вышло: ${observed}.`,
  }),
  hand: (expected) => ({
    en: `Your part wasn’t done within ${expected}. Run the scenario again.`,
    ru: `Ваш шаг не выполнен за ${expected}. Запустите сценарий ещё раз.`,
  }),
}

/** Describes the expected and the observed result in one or two sentences. Pure. */
export const faultText = ({ aspect, expected, observed }: Check): Text =>
  SENTENCES[aspect](expected, observed)
