import { defineConfig, type DefaultTheme } from 'vitepress'
import { PAGES } from '../site-pages.js'

const isPage = (link: string) => Object.values(PAGES).includes(`${link.slice(1)}.md`)

const english: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: [
      { text: 'What it is', link: '/' },
      { text: 'Quick start', link: '/start' },
      { text: 'WordPress', link: '/wordpress' },
      { text: 'PHP', link: '/php' },
      { text: 'Node: Express, Fastify, Hono', link: '/start/node' },
      { text: 'Next.js', link: '/start/nextjs' },
      { text: 'Static pages, other backends', link: '/start/static' },
      { text: 'Guests only', link: '/start/guests' },
      { text: 'For coding assistants', link: '/assistants' },
    ].filter(({ link }) => isPage(link)),
  },
  {
    text: 'Use',
    items: [
      { text: 'Embedding', link: '/embedding' },
      { text: 'Recipes', link: '/recipes' },
      { text: 'Troubleshooting', link: '/troubleshooting' },
      { text: 'FAQ and glossary', link: '/faq' },
      { text: 'Get help', link: '/help' },
    ],
  },
  {
    text: 'The token server',
    items: [
      { text: 'Ways to run it', link: '/server/' },
      { text: 'Settings', link: '/server/settings' },
      { text: 'Who the visitor is', link: '/server/identity' },
      { text: 'Sign-in providers by name', link: '/server/identity-recipes' },
      { text: 'An identity token without JWT', link: '/server/identity-hmac' },
      { text: 'A captcha for guests', link: '/server/guest-captcha' },
      { text: 'Keys: operating, rotation, leaks', link: '/server/operating' },
      { text: 'Reading the log', link: '/server/reading-the-log' },
      { text: 'Doctor', link: '/server/doctor' },
      { text: 'Scaling', link: '/server/growing' },
      { text: 'The day of the stream', link: '/server/day-of-the-stream' },
      { text: 'A server without Docker', link: '/without-docker' },
      { text: 'State, backup, restore', link: '/state' },
      { text: 'Upgrading', link: '/upgrading' },
    ],
  },
  {
    text: 'Reference',
    items: [
      { text: 'The element', link: '/element' },
      { text: 'Token endpoint, OpenAPI', link: '/server/endpoint' },
      { text: 'API of the packages', link: '/api/' },
      { text: 'Limits', link: '/limits' },
      { text: 'What it can’t do', link: '/limitations' },
      { text: 'Browsers', link: '/browsers' },
      { text: 'Versions', link: '/versioning' },
      { text: 'Changes', link: '/changelog' },
    ],
  },
  {
    text: 'Background',
    collapsed: true,
    items: [
      { text: 'Security', link: '/security' },
      { text: 'Architecture', link: '/architecture' },
      { text: 'What is not known', link: '/not-known' },
      { text: 'Behavior under faults', link: '/fault-matrix' },
      { text: 'Speed and scale', link: '/speed' },
      { text: 'QA bench', link: '/bench' },
      { text: 'Contributing', link: '/contributing' },
    ],
  },
]

const russian: DefaultTheme.SidebarItem[] = [
  {
    text: 'Начало',
    items: [
      { text: 'Быстрый старт', link: '/ru/start' },
      { text: 'WordPress', link: '/ru/wordpress' },
      { text: 'PHP', link: '/ru/php' },
      { text: 'Встраивание', link: '/ru/embedding' },
      { text: 'Рецепты', link: '/ru/recipes' },
      { text: 'Ключи и нагрузка', link: '/ru/operating' },
      { text: 'День трансляции', link: '/ru/day-of-the-stream' },
      { text: 'Решение проблем', link: '/ru/troubleshooting' },
      { text: 'Вопросы и термины', link: '/ru/faq' },
    ].filter(({ link }) => isPage(link)),
  },
  { text: 'По-английски', items: [{ text: 'Вся документация', link: '/' }] },
]

/** The links on every page: in a row, or on a phone in a menu. */
const navigation = {
  english: [
    { text: 'Quick start', link: '/start' },
    { text: 'Embedding', link: '/embedding' },
    { text: 'Operating', link: '/server/operating' },
    { text: 'Troubleshooting', link: '/troubleshooting' },
  ],
  russian: [
    { text: 'Быстрый старт', link: '/ru/start' },
    { text: 'Встраивание', link: '/ru/embedding' },
    { text: 'Ключи и нагрузка', link: '/ru/operating' },
    { text: 'Решение проблем', link: '/ru/troubleshooting' },
  ],
}

/** The configuration of the documentation site. `assemble.ts` writes its pages. */
export default defineConfig({
  title: 'kinescope-chat',
  description:
    'Kinescope’s live-stream chat on any web page, with the visitor already signed in. Unofficial.',
  srcDir: '.vitepress/pages',
  // the Markdown copies of the pages
  srcExclude: ['public/**'],
  outDir: 'dist',
  cacheDir: '../.cache/vitepress',
  cleanUrls: true,
  lastUpdated: false,
  locales: {
    root: { label: 'English', lang: 'en', themeConfig: { nav: navigation.english, sidebar: english } },
    ru: {
      label: 'Русский',
      lang: 'ru',
      description: 'Чат трансляции Kinescope на любой странице, посетитель уже вошёл. Неофициальный проект.',
      themeConfig: {
        nav: navigation.russian,
        sidebar: russian,
        outline: { label: 'На этой странице' },
        docFooter: { prev: 'Назад', next: 'Дальше' },
        darkModeSwitchLabel: 'Тема',
        sidebarMenuLabel: 'Меню',
        lightModeSwitchTitle: 'Светлая тема',
        darkModeSwitchTitle: 'Тёмная тема',
        returnToTopLabel: 'Наверх',
        langMenuLabel: 'Язык',
        skipToContentLabel: 'К содержанию',
        notFound: {
          title: 'Страница не найдена',
          quote: '',
          linkLabel: 'На главную',
          linkText: 'На главную',
        },
        footer: { message: 'Неофициальный проект: Kinescope в нём не участвует. Лицензия MIT.' },
      },
    },
  },
  // anchors as in the repository's view of these files, so that a link works in both
  markdown: {
    // otherwise VitePress compiles `{{ … }}` in code as a template
    config(md) {
      const render = md.renderer.rules.code_inline!
      md.renderer.rules.code_inline = (tokens, index, ...rest) => {
        tokens[index]!.attrSet('v-pre', '')
        return render(tokens, index, ...rest)
      }
      // the search renders each page a second time, and highlighting takes a third of the build
      const highlight = md.options.highlight!
      const highlighted = new Map<string, string>()
      md.options.highlight = (...block) => {
        const key = JSON.stringify(block)
        const html = highlighted.get(key) ?? highlight(...block)
        highlighted.set(key, html)
        return html
      }
    },
    anchor: {
      slugify: (heading) =>
        heading
          .trim()
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
          .replaceAll(/\s/g, '-'),
    },
  },
  themeConfig: {
    outline: [2, 3],
    // not every page is in both languages
    i18nRouting: false,
    search: {
      provider: 'local',
      options: {
        // a code's page is one result, without a result for each heading
        _render(src, env, md) {
          const html = md.render(src, env)
          const isCode = /(?:^|\/)codes\//.test((env as { relativePath: string }).relativePath)
          return isCode ? html.replaceAll(/<(\/?)h[23]\b[^>]*>/g, '<$1p>') : html
        },
        miniSearch: {
          options: {
            // a code is one word, so that `rate-limited` doesn't find every page with the word "rate"
            tokenize: (text) => text.split(/[^\p{L}\p{N}_-]+/u).filter(Boolean),
            // the index has the stems of Russian words, so that "утечка ключей" finds "утечку ключа"
            processTerm: (term) =>
              !/^(?:https?|www|example|com|the|an?|to|at|of|on|by|is|has|been|from)$/i.test(term) &&
              term
                .toLowerCase()
                .replaceAll('ё', 'е')
                .replace(
                  /(?<=[а-я]{3})(?:ться|тся|[аиыяуюоеьй]|[аоеияы]й|[ои]го|[ои]му|[аояеиы]м|[аяи]х|ых|[аяиы]ми|[ое]в|[аяоеую]я|[иоы]е|ую|и[еяюи]|ией)$/u,
                  '',
                ),
          },
          searchOptions: {
            // reference and measurements contain every word, but rarely the answer to a problem
            boostDocument: (id: string) =>
              /^\/(?:api|speed|fault-matrix|bench|contributing|changelog|architecture|security|assistants|server\/(?:doctor|reading-the-log))\b/.test(
                id,
              )
                ? 0.2
                : /^\/(?:ru\/)?(?:troubleshooting|embedding|server\/operating|ru\/operating)\b/.test(id)
                  ? 1.5
                  : /^\/codes\//.test(id)
                    ? 1.4
                    : 1,
          },
        },
        locales: {
          ru: {
            translations: {
              button: { buttonText: 'Поиск', buttonAriaLabel: 'Поиск' },
              modal: { noResultsText: 'Ничего не найдено', resetButtonTitle: 'Сбросить' },
            },
          },
        },
      },
    },
    footer: { message: 'Unofficial: Kinescope has no part in this project. MIT license.' },
  },
})
