// Writes the pages about codes from the element's own tables: `pnpm --filter kinescope-chat-docs run pages`.
// `docs/troubleshooting.md` lists all codes, and `docs/codes/CODE.md` describes one. `docs/ru` has the same files.
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Code } from 'kinescope-chat/contract'
import { PROBLEMS } from '../packages/element/src/problems.js'
import { en } from '../packages/element/src/view/en.js'
import { ru } from '../packages/element/src/view/ru.js'
import { alsoOf, CODE_NOTES, statusesOf, WHO, type Language } from './code-notes.js'
import { withBlocks } from './published.js'

export const CODES = Object.keys(CODE_NOTES) as Code[]
export const LANGUAGES: readonly Language[] = ['en', 'ru']

const RETRIES = {
  retry: { en: 'yes, with growing delays', ru: 'да, с растущими паузами' },
  intermediary: {
    en: 'a few times; an open chat stays until its token expires',
    ru: 'несколько раз; открытый чат остаётся до истечения токена',
  },
  revoke: { en: 'no; the chat is removed at once', ru: 'нет; чат сразу убирается' },
  keep: { en: 'no; a button does', ru: 'нет; только кнопкой' },
  'retry-while-valid': {
    en: 'while an open chat’s token is valid; on a first load a button does',
    ru: 'пока действует токен открытого чата; при первой загрузке — кнопкой',
  },
}

const TEXT = {
  en: {
    sees: 'What the visitor sees',
    nothing: 'Nothing: the element can’t see this. The command line and the doctor report it.',
    means: 'What it means',
    causes: 'Likeliest causes',
    check: 'Check',
    fix: 'Fix',
    facts: 'Facts',
    who: 'Who can fix it',
    http: 'HTTP status',
    retried: 'Retried automatically',
    more: 'All codes: [Troubleshooting](../troubleshooting.md). Still stuck: [Get help](../help.md).',
  },
  ru: {
    sees: 'Что видит посетитель',
    nothing: 'Ничего: элементу это не видно. О проблеме сообщают командная строка и doctor.',
    means: 'Что это значит',
    causes: 'Вероятные причины',
    check: 'Как проверить',
    fix: 'Как исправить',
    facts: 'Коротко',
    who: 'Кто может исправить',
    http: 'Статус HTTP',
    retried: 'Повторяется автоматически',
    more: 'Все коды: [Решение проблем](../troubleshooting.md). Не помогло: [куда обратиться](../../help.md).',
  },
}

/** Returns the folder of a language's pages, below `docs/`. */
const folderOf = (language: Language) => (language === 'ru' ? 'ru/' : '')

const topicOf = (code: Code, language: Language) => {
  const kind = code in PROBLEMS ? PROBLEMS[code as keyof typeof PROBLEMS] : undefined
  return kind && (language === 'en' ? en : ru).problems[kind[0]]
}

/** Returns the page about one code. */
export function codePage(code: Code, language: Language): string {
  const text = TEXT[language]
  const { who, means, causes } = CODE_NOTES[code]
  const kind = code in PROBLEMS ? PROBLEMS[code as keyof typeof PROBLEMS] : undefined
  const topic = topicOf(code, language)
  const picture = `pictures/${code}-${language}.png`
  const up = language === 'ru' ? '../../' : '../'
  const statuses = statusesOf(code)
  const causeTexts = causes[language].map(([cause, check, fix], index) =>
    [`### ${index + 1}. ${cause}`, `**${text.check}.** ${check}`, `**${text.fix}.** ${fix}`].join('\n\n'),
  )
  return [
    `# \`${code}\`${alsoOf(code, language) ? `: ${alsoOf(code, language)}` : ''}`,
    means[language],
    `## ${text.sees}`,
    topic ? `**${topic.heading.replace(/(?<![.?!…])$/, '.')}** ${topic.message}` : text.nothing,
    existsSync(new URL(picture, import.meta.url)) ? `![${topic?.heading ?? code}](${up}${picture})` : '',
    `## ${text.causes}`,
    ...causeTexts.map((cause) => linked(cause)),
    `## ${text.facts}`,
    [
      `- **${text.who}:** ${WHO[who][language]}`,
      ...(statuses.length ? [`- **${text.http}:** ${statuses.join(', ')}`] : []),
      ...(kind ? [`- **${text.retried}:** ${RETRIES[kind[1]][language]}`] : []),
      ...(kind && language === 'en' ? [`- **“For the site” says:** ${escaped(kind[2])}`] : []),
    ].join('\n'),
    text.more,
  ]
    .filter(Boolean)
    .join('\n\n')
    .concat('\n')
}

/** Adjusts a cause's links: they are relative to `docs/` or `docs/ru/`, and a code's page is one folder deeper. */
const linked = (text: string) => text.replaceAll(/\]\((?!https?:)/g, '](../')

const INTRO = {
  en: `# Troubleshooting

Every failure has a code. Find it under the visitor's text, in "For the site". It is also in \`problem.code\` of the element,
in \`code\` of the token server's reply, and in the output of the command line. Each code has a page with its causes.

The doctor runs every check at once:

\`\`\`sh
kinescope-chat-server doctor --event ID --url https://chat.example.com --origin https://www.example.com
\`\`\`

[Get the command](start.md#get-the-command), if you don't have it yet.

## By what you see

| You see | Start with |
| --- | --- |
| A blank page, white screen, nothing at all | [My chat is blank](embedding.md#my-chat-is-blank) |
| A text instead of the chat | the code in "For the site", in the table below |
| "Sign in", though the visitor is signed in | [\`sign-in-required\`](codes/sign-in-required.md) |
| A CORS error in the console | [\`origin-not-allowed\`](codes/origin-not-allowed.md) |
| "Refused to frame" in the console | [\`frame-blocked\`](codes/frame-blocked.md) |
| Kinescope's own error message inside the frame | [\`bad-signature\`](codes/bad-signature.md), [\`jwt-not-enabled\`](codes/jwt-not-enabled.md), [what the page can't see](not-known.md#what-the-page-can-never-see) |
| A chat that works, under any name | [\`jwt-not-enabled\`](codes/jwt-not-enabled.md) |
`,
  ru: `# Решение проблем

У каждой ошибки есть код. Он указан под текстом для посетителя, в разделе «Для администратора сайта», а также в \`problem.code\` элемента, в
поле \`code\` ответа сервера и в выводе командной строки. У каждого кода есть страница с причинами.

Все проверки сразу выполняет doctor:

\`\`\`sh
kinescope-chat-server doctor --event ID --url https://chat.example.com --origin https://www.example.com
\`\`\`

Если команды ещё нет: [как её получить](start.md#команда).

## Что видно на странице

| Что видно | С чего начать |
| --- | --- |
| Пустое место, белый экран | [Чат пустой](embedding.md#чат-пустой) |
| Текст вместо чата | код в разделе «Для администратора сайта», таблица ниже |
| Посетитель вошёл на сайт, а чат просит войти | [\`sign-in-required\`](codes/sign-in-required.md) |
| Кнопка «Войти» не работает | [\`sign-in-required\`](codes/sign-in-required.md) |
| Ошибка CORS в консоли | [\`origin-not-allowed\`](codes/origin-not-allowed.md) |
| «Refused to frame» в консоли | [\`frame-blocked\`](codes/frame-blocked.md) |
| Сообщение Kinescope внутри чата | [\`bad-signature\`](codes/bad-signature.md), [\`jwt-not-enabled\`](codes/jwt-not-enabled.md), [чего не видно странице](../not-known.md#what-the-page-can-never-see) |
| Чат работает под любым именем | [\`jwt-not-enabled\`](codes/jwt-not-enabled.md) |
`,
}

/** Lists the possible codes for each HTTP status, because a response may come from an intermediary. */
function byStatus(language: Language): string {
  const statuses = new Map<number, Code[]>([
    [404, ['endpoint-not-found']],
    [502, ['endpoint-error']],
    [504, ['endpoint-error']],
  ])
  for (const code of CODES)
    for (const status of statusesOf(code)) statuses.set(status, [...(statuses.get(status) ?? []), code])
  const rows = [...statuses]
    .sort(([one], [other]) => one - other)
    .map(
      ([status, codes]) =>
        `| ${status} ${STATUS_CODES[status]} | ${codes.map((code) => `[\`${code}\`](codes/${code}.md)`).join(', ')} |`,
    )
  const [heading, ...head] =
    language === 'en'
      ? ['By status in the network panel: 401, 403, 404, 503', 'Status', 'Code']
      : ['По статусу на вкладке «Сеть»: 401, 403, 404, 503', 'Статус', 'Код']
  return [`## ${heading}`, '', `| ${head.join(' | ')} |`, '| --- | --- |', ...rows].join('\n')
}

/** Returns the page that lists all codes. */
export function troubleshootingPage(language: Language): string {
  const [heading, ...head] =
    language === 'en'
      ? ['All codes', 'Code', 'Visitor’s text', 'Who can fix it']
      : ['Все коды', 'Код', 'Текст для посетителя', 'Кто может исправить']
  const rows = CODES.map(
    (code) =>
      `| [\`${code}\`](codes/${code}.md) | ${topicOf(code, language)?.heading ?? '–'} | ${WHO[CODE_NOTES[code].who][language]} |`,
  )
  const all = [`## ${heading}`, '', `| ${head.join(' | ')} |`, '| --- | --- | --- |', ...rows].join('\n')
  return `${INTRO[language]}\n${[all, byStatus(language)].join('\n\n')}\n`
}

/** Escapes a text for Markdown and for VitePress, which compiles its pages as Vue templates. */
const escaped = (text: string) =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('{{', '{&#123;')

/** The pages with copyable blocks from `published.ts`. */
export const PAGES_WITH_BLOCKS = [
  '../README.md',
  'start.md',
  'start/node.md',
  'start/nextjs.md',
  'ru/start.md',
  'assistants.md',
].filter((name) => existsSync(new URL(name, import.meta.url)))

/** Returns all generated pages about codes, by their paths below `docs/`. */
export function codePages(): Map<string, string> {
  return new Map(
    LANGUAGES.flatMap((language): [string, string][] => [
      [`${folderOf(language)}troubleshooting.md`, troubleshootingPage(language)],
      ...CODES.map((code): [string, string] => [
        `${folderOf(language)}codes/${code}.md`,
        codePage(code, language),
      ]),
    ]),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const folder of ['codes/', 'ru/codes/'])
    await mkdir(new URL(folder, import.meta.url), { recursive: true })
  for (const [name, page] of codePages()) await writeFile(new URL(name, import.meta.url), page)
  for (const name of PAGES_WITH_BLOCKS) {
    const page = new URL(name, import.meta.url)
    await writeFile(page, withBlocks(await readFile(page, 'utf8')))
  }
}
