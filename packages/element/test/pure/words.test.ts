import { describe, expect, it } from 'vitest'
import { PAGE_CODES, TOKEN_CODES, WIRE_CODES, type ElementCode } from '../../src/contract.js'
import { retryPolicyOf, PROBLEMS, categoryOf, type Category } from '../../src/problems.js'
import { en, type Messages } from '../../src/view/en.js'
import { addMessages, describeProblem, messagesIn } from '../../src/view/language.js'
import { ru } from '../../src/view/ru.js'

const CODES: ElementCode[] = [...WIRE_CODES, ...TOKEN_CODES, ...PAGE_CODES]
const textsOf = (texts: object): string[] =>
  Object.values(texts).flatMap((text: string | object) => (typeof text === 'string' ? [text] : textsOf(text)))

describe.each<[string, Messages]>([
  ['en', en],
  ['ru', ru],
])('the texts in %s', (language, texts) => {
  it('have headings of at most five words and messages of at most two sentences', () => {
    for (const { heading, message } of Object.values(texts.problems)) {
      expect(heading.split(' ').length, heading).toBeLessThanOrEqual(5)
      expect(message.match(/[.!?](?= |$)/g)!.length, message).toBeLessThanOrEqual(2)
    }
  })

  it('name no mechanism to a visitor', () => {
    const mechanism =
      /token|pass\b|\bkeys?\b|server|\bcode|CORS|endpoint|токен|пропуск|(?<!\p{L})ключ|сервер|(?<!\p{L})код/iu
    for (const { heading, message } of Object.values(texts.problems))
      expect(`${heading} ${message}`).not.toMatch(mechanism)
  })

  it('say that the chat works while it reconnects', () =>
    expect(texts.renewing).toMatch(language === 'en' ? /You can chat/ : /Чат работает/))

  it('are complete', () => {
    for (const text of textsOf(texts)) expect(text.trim()).not.toBe('')
  })

  it('distinguish the article’s five cases from each other and from all others', () => {
    const cases: Category[] = ['otherStream', 'notForChat', 'expiredOnArrival', 'ended', 'unknownKey']
    for (const category of cases)
      for (const [other, words] of Object.entries(texts.problems)) {
        if (other === category) continue
        expect(words.heading).not.toBe(texts.problems[category].heading)
        expect(words.message).not.toBe(texts.problems[category].message)
      }
  })

  it('never say “later” if waiting doesn’t help', () => {
    const lasting = CODES.filter((code) => !['retry'].includes(retryPolicyOf({ code })))
    expect(lasting.length).toBeGreaterThan(15)
    for (const code of lasting) {
      const { heading, message } = texts.problems[PROBLEMS[code][0]]
      expect(`${heading} ${message}`, code).not.toMatch(/later|try again|позже|попробуйте|moment|минут/i)
    }
  })

  it('send visitors of a wrong setup to the organizers', () => {
    const organizers = language === 'en' ? /organizers/ : /организатор/
    for (const category of [
      'misconfigured',
      'otherStream',
      'notForChat',
      'expiredOnArrival',
      'unknownKey',
    ] as const)
      expect(texts.problems[category].message).toMatch(organizers)
  })
})

describe('a problem’s texts', () => {
  it.each(CODES)('%s has a message, and a remediation in whole sentences', (code) => {
    const problem = describeProblem({ code }, en, null)
    expect(problem.message).toBe(en.problems[PROBLEMS[code][0]].message)
    expect(problem.remediation).toMatch(/^[A-Zt].*[.]$/)
  })

  it('have the found value first, and distinguish a chat’s expired token from one that arrived expired', () => {
    const found = { code: 'bad-audience', reason: 'aud is "Chat", must be "chat"' } as const
    expect(describeProblem(found, en, 7).remediation.indexOf(found.reason)).toBe(0)
    expect(describeProblem(found, en, 7).retryInMs).toBe(7)
    expect(categoryOf({ code: 'token-expired' })).toBe('expiredOnArrival')
    expect(categoryOf({ code: 'token-expired', ended: true })).toBe('ended')
  })
})

describe('added texts', () => {
  it('replace texts at any depth, and the missing ones are English', () => {
    addMessages('eo', { retry: 'Denove', problems: { signIn: { heading: 'Ensalutu' } } })
    const { retry, reload, problems } = messagesIn('eo')
    expect([retry, reload]).toEqual(['Denove', en.reload])
    expect(problems.signIn).toEqual({ heading: 'Ensalutu', message: en.problems.signIn.message })
    addMessages('EO', { problems: { signIn: { message: 'x' } } })
    expect(messagesIn('eo').problems.signIn).toEqual({ heading: 'Ensalutu', message: 'x' })
    expect(en.problems.signIn.message).not.toBe('x')
  })

  it('are ignored if they aren’t texts', () => {
    const bad = [
      null,
      undefined,
      7,
      'text',
      [],
      { retry: 7, problems: null },
      { problems: { signIn: 'x', denied: [] } },
      { retry: '', label: ' \n', problems: { denied: { heading: '' } } },
      { retry: () => 'x', problems: () => ({}) },
    ]
    for (const given of bad) {
      addMessages('xx', given as never)
      expect(messagesIn('xx')).toEqual(en)
    }
    for (const language of [null, undefined, 7, {}, '', ' ']) addMessages(language as never, { retry: 'x' })
    addMessages('__proto__', JSON.parse('{"__proto__":{"retry":"x"},"constructor":"x"}') as never)
    expect(messagesIn('en')).toBe(en)
    expect(Object.getPrototypeOf(messagesIn('__proto__'))).toBe(Object.prototype)
    expect(({} as { retry?: string }).retry).toBeUndefined()
  })
})

it('a text is never read from Object.prototype', () => {
  const name = 'openInTab'
  Object.defineProperty(Object.prototype, name, { configurable: true, value: 'x' })
  try {
    addMessages('fr', { loading: 'Chargement…' })
    expect(messagesIn('fr')).toMatchObject({ loading: 'Chargement…', openInTab: en.openInTab })
  } finally {
    Reflect.deleteProperty(Object.prototype, name)
  }
})
