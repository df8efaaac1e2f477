import type { Browser, Page } from 'playwright-core'
import type { KinescopeChatElement } from 'kinescope-chat'
import { PASSWORD, type WordPress } from './wordpress-site.js'

/** The roles of users. `signed-out` has no account. */
export const ROLES = ['boss', 'editor', 'author', 'contributor', 'subscriber'] as const
export type Person = (typeof ROLES)[number] | 'signed-out'

/** The users of a site, each in a separate browser context. */
export class People {
  readonly wordpress: WordPress
  readonly browser: Browser
  readonly #pages = new Map<Person, Promise<Page>>()

  constructor(wordpress: WordPress, browser: Browser) {
    this.wordpress = wordpress
    this.browser = browser
  }

  page(person: Person): Promise<Page> {
    const known = this.#pages.get(person) ?? this.#enter(person)
    this.#pages.set(person, known)
    return known
  }

  async #enter(person: Person): Promise<Page> {
    const page = await (await this.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
    if (person === 'signed-out') return page
    await page.goto(`${this.wordpress.url}/wp-login.php`)
    // both values at once: WordPress's script focuses the name's field 200 ms after the load, perhaps between two inputs
    const signIn = (element: Element, values: Record<string, string>) => {
      const form = element as HTMLFormElement
      for (const [name, value] of Object.entries(values))
        Object.assign(form.elements.namedItem(name)!, { value })
      form.requestSubmit()
    }
    await Promise.all([
      page.waitForURL(/wp-admin/),
      page.locator('#loginform').evaluate(signIn, { log: person, pwd: PASSWORD }),
    ])
    return page
  }

  /** Saves a post by the REST API, as the editor does, for this user. */
  async write(person: Person, content: string, status = 'publish'): Promise<{ id: number; link: string }> {
    const page = await this.page(person)
    if (!page.url().includes('/wp-admin/')) await page.goto(`${this.wordpress.url}/wp-admin/profile.php`)
    return page.evaluate(
      async ({ content, status }) => {
        const nonce = await (await fetch('/wp-admin/admin-ajax.php?action=rest-nonce')).text()
        const reply = await fetch('/?rest_route=/wp/v2/posts', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'X-WP-Nonce': nonce },
          body: JSON.stringify({ title: 'Lecture', status, content }),
        })
        if (!reply.ok) throw new Error(`the post was not saved: ${reply.status} ${await reply.text()}`)
        return (await reply.json()) as { id: number; link: string }
      },
      { content, status },
    )
  }

  /** A page as the site serves it to this user. */
  async read(person: Person, path: string) {
    const page = await this.page(person)
    const response = await page.request.get(new URL(path, this.wordpress.url).href)
    return { status: response.status(), headers: response.headers(), html: await response.text() }
  }

  /** The state of each chat on a page, after all chats are ready or have failed. */
  async chats(person: Person, url: string) {
    const page = await this.page(person)
    await page.goto(url)
    await page.waitForFunction(() =>
      [...document.querySelectorAll<KinescopeChatElement>('kinescope-chat')].every(({ state }) =>
        ['ready', 'error', 'preview'].includes(state),
      ),
    )
    return page.evaluate(() =>
      [...document.querySelectorAll<KinescopeChatElement>('kinescope-chat')].map((chat) => ({
        state: chat.state,
        code: chat.problem?.code,
        signin: chat.signinUrl,
        label: chat.getAttribute('label'),
        user: chat.diagnostics().claims?.['user_id'],
        name: chat.diagnostics().claims?.['username'],
      })),
    )
  }
}
