// Writes docs/troubleshooting.md and docs/ru/troubleshooting.md from the element's own tables: `pnpm --filter kinescope-chat-docs run pages`.
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Code } from 'kinescope-chat/contract'
import { PROBLEMS } from '../packages/element/src/problems.js'
import { en } from '../packages/element/src/view/en.js'
import { ru } from '../packages/element/src/view/ru.js'
import { CODE_NOTES, WHO } from './code-notes.js'

const RETRIED = {
  retry: { en: 'yes, with growing pauses', ru: 'да, с растущими паузами' },
  intermediary: {
    en: 'a few times; with a chat on the page, until its token ends',
    ru: 'несколько раз; если чат уже открыт — до конца токена',
  },
  revoke: { en: 'no; the chat is taken away at once', ru: 'нет; чат убирается сразу' },
  'retry-while-valid': {
    en: 'no; a chat that is on the page stays to its token’s end',
    ru: 'нет; открытый чат остаётся до конца токена',
  },
  keep: { en: 'no; a button does', ru: 'нет; только кнопкой' },
}

const OPERATORS: Partial<Record<Code, string>> = {
  'bad-signature':
    'The signature does not fit the key that is registered under this kid. kinescope-chat-server doctor compares the two; register the key that signs, or sign with the registered one.',
  'jwt-not-enabled':
    'chat_jwt_required is off for this stream, so anyone may enter under any name. Run kinescope-chat-server events enable ID.',
}

const INTRO = {
  en: `# Something is wrong

Every failure has a code. It stands under the words that the visitor reads, in "For the site"; in \`problem.code\` of the
element; in the \`code\` of the token server's answer; in what the command line says. Look for yours below, or run the doctor,
which looks for all of them:

    npx kinescope-chat-server doctor --event ID --url https://chat.example.com --origin https://www.example.com

| What you see | Begin with |
| --- | --- |
| Nothing at all, an empty place | [Placing: my chat is blank](placing.md#my-chat-is-blank) |
| The chat's frame is there, and it says no | [\`bad-signature\`](#bad-signature), [\`jwt-not-enabled\`](#jwt-not-enabled), and [what the page can't see](not-known.md#what-the-page-can-never-see) |
| Words in place of the chat | the code under "For the site" |
| "Sign in", to somebody who is signed in | [\`sign-in-required\`](#sign-in-required) |
| 401, 403, 404 or 503 in the network panel | [the table of statuses](#by-the-status-in-the-network-panel-401-403-404-503-) |
`,
  ru: `# Что-то не так

У каждого сбоя есть код. Он стоит под словами для посетителя, в «Для сайта»; в \`problem.code\` элемента; в поле \`code\`
ответа сервера токенов; в выводе командной строки. Найдите свой ниже или запустите доктора, который проверит всё сразу:

    npx kinescope-chat-server doctor --event ID --url https://chat.example.com --origin https://www.example.com

| Что видно | С чего начать |
| --- | --- |
| Совсем ничего, пустое место | [Размещение: чат пустой](placing.md#чат-пустой) |
| Фрейм чата есть, и он отказывает | [\`bad-signature\`](#bad-signature), [\`jwt-not-enabled\`](#jwt-not-enabled) и [то, чего странице не увидеть](../not-known.md#what-the-page-can-never-see) |
| Слова вместо чата | код в «Для сайта» |
| Посетитель вошёл на сайте, а чат просит войти | [\`sign-in-required\`](#sign-in-required) |
| 401, 403, 404 или 503 на вкладке «Сеть» | [таблица статусов](#по-статусу-на-вкладке-сеть-401-403-404-503-) |
`,
}

/** The codes behind an answer's status; not every answer is the token server's. */
function byStatus(language: 'en' | 'ru'): string {
  const statuses = new Map<string, Code[]>([
    ['404', ['endpoint-not-found']],
    ['502', ['endpoint-error']],
    ['504', ['endpoint-error']],
  ])
  for (const code of Object.keys(CODE_NOTES) as Code[])
    for (const status of CODE_NOTES[code].http.split(', ').filter((http) => /^\d+$/.test(http)))
      statuses.set(status, [...(statuses.get(status) ?? []), code])
  const rows = [...statuses]
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(
      ([status, codes]) =>
        `| ${status} ${STATUS_CODES[Number(status)]} | ${codes.map((code) => `[\`${code}\`](#${code})`).join(', ')} |`,
    )
  const [heading, ...head] =
    language === 'en'
      ? ['By the status in the network panel: 401, 403, 404, 503 …', 'Status', 'Code']
      : ['По статусу на вкладке «Сеть»: 401, 403, 404, 503 …', 'Статус', 'Код']
  return [`## ${heading}`, '', `| ${head.join(' | ')} |`, '| --- | --- |', ...rows].join('\n')
}

const LABELS = {
  en: { sees: 'The visitor sees', who: 'Who mends it', again: 'Tried again by itself', how: 'What to do' },
  ru: { sees: 'Посетитель видит', who: 'Кто исправит', again: 'Повторяется само', how: 'Что делать' },
}

/** The page about all codes in one language. */
export function codePage(language: 'en' | 'ru'): string {
  const texts = language === 'en' ? en : ru
  const label = LABELS[language]
  const sections = (Object.keys(CODE_NOTES) as Code[]).map((code) => {
    const { who, http, ru: inRussian } = CODE_NOTES[code]
    const kind = code in PROBLEMS ? PROBLEMS[code as keyof typeof PROBLEMS] : undefined
    const words = kind && texts.problems[kind.category]
    const picture = `pictures/${code}-${language}.png`
    const lines = [
      `## \`${code}\` {#${code}}`,
      words ? `**${label.sees}:** ${words.heading}. ${words.message}` : '',
      existsSync(new URL(picture, import.meta.url))
        ? `![${words?.heading ?? code}](${language === 'ru' ? '../' : ''}${picture})`
        : '',
      [
        `- **${label.who}:** ${WHO[who][language]}`,
        ...(http ? [`- **HTTP:** ${http}`] : []),
        ...(kind ? [`- **${label.again}:** ${RETRIED[kind.retryPolicy][language]}`] : []),
        `- **${label.how}:** ${escaped(language === 'ru' ? inRussian : (kind?.remediation ?? OPERATORS[code] ?? ''))}`,
      ].join('\n'),
    ]
    return lines.filter(Boolean).join('\n\n')
  })
  return `${INTRO[language]}\n${[byStatus(language), ...sections].join('\n\n')}\n`
}

/** The texts are plain; Markdown must not read marks into them. */
const escaped = (text: string) => text.replaceAll(/\{"[^}]*\}/g, (json) => `\`${json}\``)

export const CODE_PAGES = { en: 'troubleshooting.md', ru: 'ru/troubleshooting.md' } as const

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const language of ['en', 'ru'] as const)
    await writeFile(new URL(CODE_PAGES[language], import.meta.url), codePage(language))
