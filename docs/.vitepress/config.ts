import { defineConfig, type DefaultTheme } from 'vitepress'

const english: DefaultTheme.SidebarItem[] = [
  {
    text: 'Begin',
    items: [
      { text: 'What it is', link: '/' },
      { text: 'Your own server in three minutes', link: '/start' },
      { text: 'Placing the chat', link: '/placing' },
      { text: 'WordPress', link: '/wordpress' },
      { text: 'Something is wrong', link: '/troubleshooting' },
    ],
  },
  {
    text: 'The token server',
    items: [
      { text: 'Ways to run it', link: '/server/' },
      { text: 'Settings; who the visitor is', link: '/server/settings' },
      { text: 'Operating: keys, leaks, nights', link: '/server/operating' },
      { text: 'Reading the log', link: '/server/reading-the-log' },
      { text: 'Doctor', link: '/server/doctor' },
      { text: 'Growing: many viewers', link: '/server/growing' },
      { text: 'Token endpoint (OpenAPI)', link: '/server/endpoint' },
    ],
  },
  {
    text: 'Reference',
    items: [
      { text: 'The element', link: '/element' },
      { text: 'API of the packages', link: '/api/' },
      { text: 'Browsers', link: '/browsers' },
      { text: 'Versions', link: '/versioning' },
      { text: 'Changes', link: '/changelog' },
    ],
  },
  {
    text: 'Inside',
    items: [
      { text: 'Security', link: '/security' },
      { text: 'Architecture', link: '/architecture' },
      { text: 'What is not known', link: '/not-known' },
      { text: 'When something breaks', link: '/fault-matrix' },
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
      { text: 'Свой сервер за три минуты', link: '/ru/start' },
      { text: 'Как разместить чат', link: '/ru/placing' },
      { text: 'Ключи и нагрузка', link: '/ru/operating' },
      { text: 'Что-то не так', link: '/ru/troubleshooting' },
    ],
  },
  { text: 'По-английски', items: [{ text: 'Вся документация', link: '/' }] },
]

/** What is reached from every page, by a row or, on a phone, a menu. */
const navigation = {
  english: [
    { text: 'Start', link: '/start' },
    { text: 'Placing', link: '/placing' },
    { text: 'Operating', link: '/server/operating' },
    { text: 'Something is wrong', link: '/troubleshooting' },
  ],
  russian: [
    { text: 'Начало', link: '/ru/start' },
    { text: 'Размещение', link: '/ru/placing' },
    { text: 'Ключи и нагрузка', link: '/ru/operating' },
    { text: 'Что-то не так', link: '/ru/troubleshooting' },
  ],
}

/** The documentation as a site. Its pages are put together by `assemble.ts`. */
export default defineConfig({
  title: 'kinescope-chat',
  description:
    'Kinescope’s live-stream chat on any web page, with the visitor already signed in. Unofficial.',
  srcDir: '.vitepress/pages',
  outDir: 'dist',
  cacheDir: '../.cache/vitepress',
  cleanUrls: true,
  lastUpdated: false,
  locales: {
    root: { label: 'English', lang: 'en', themeConfig: { nav: navigation.english, sidebar: english } },
    ru: {
      label: 'Русский',
      lang: 'ru',
      themeConfig: {
        nav: navigation.russian,
        sidebar: russian,
        outline: { label: 'На этой странице' },
        docFooter: { prev: 'Назад', next: 'Дальше' },
        darkModeSwitchLabel: 'Тема',
        sidebarMenuLabel: 'Меню',
        returnToTopLabel: 'Наверх',
      },
    },
  },
  // as in the repository's own view of these files, so that one link serves both
  markdown: {
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
        miniSearch: {
          options: {
            // a code is one word: `rate-limited` finds its own row, not every page with a rate on it
            tokenize: (text) => text.split(/[^\p{L}\p{N}_-]+/u).filter(Boolean),
            // a Russian word is its stem: whoever types "утечка ключей" finds "утечку ключа"
            processTerm: (term) =>
              term
                .toLowerCase()
                .replaceAll('ё', 'е')
                .replace(
                  /(?<=[а-я]{3})(?:ться|тся|[аиыяуюоеьй]|[аоеияы]й|[ои]го|[ои]му|[аояеиы]м|[аяи]х|ых|[аяиы]ми|[ое]в|[аяоеую]я|[иоы]е|ую|и[еяюи]|ией)$/u,
                  '',
                ),
          },
          searchOptions: {
            // reference and measurements have every word in them; somebody in need is looking for neither
            boostDocument: (id: string) =>
              /^\/(?:api|speed|fault-matrix|bench|contributing|changelog|architecture|server\/doctor)\b/.test(
                id,
              )
                ? 0.2
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
    footer: { message: 'Unofficial: Kinescope has no part in this project. MIT licence.' },
  },
})
