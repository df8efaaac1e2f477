import type { Page } from 'playwright-core'
import type { People } from './wordpress-people.js'
import { ZIP } from './wordpress-site.js'

/** Who sets the plugin up, in a browser, as docs/wordpress.md says. */
export class WordPressOwner {
  /** Address of Settings → Live Chat. */
  readonly setup: string
  /** The same for who runs a token server. */
  readonly settings: string
  readonly #people: People

  constructor(people: People) {
    this.#people = people
    this.setup = `${people.wordpress.url}/wp-admin/options-general.php?page=live-chat-for-kinescope-streams`
    this.settings = `${this.setup}&tab=server`
  }

  /** Uploads the archive and activates it; leaves the list of plugins open. */
  async upload(): Promise<Page> {
    const page = await this.#people.page('boss')
    await page.goto(`${this.#people.wordpress.url}/wp-admin/plugin-install.php?tab=upload`)
    if (!(await page.locator('#pluginzip').isVisible())) await page.click('.upload-view-toggle')
    await page.setInputFiles('#pluginzip', ZIP)
    await page.click('#install-plugin-submit')
    await page.click('a[href*="action=activate"]')
    await page.waitForURL(/plugins\.php/)
    return page
  }

  async save(server: string, hours = '6'): Promise<void> {
    const page = await this.#open()
    await page.fill('#live-chat-for-kinescope-streams-server', server)
    await page.fill('#live-chat-for-kinescope-streams-hours', hours)
    await Promise.all([page.waitForURL(/settings-updated/), page.click('#submit')])
  }

  /** Presses "Make a secret"; returns the lines for the token server, by their names. */
  async makeSecret(): Promise<Record<string, string>> {
    const page = await this.#open()
    await page.click('#stream_chat_for_kinescope_make_secret_submit')
    const shown = await page.locator('#live-chat-for-kinescope-streams-made code').innerText()
    return Object.fromEntries(shown.split('\n').map((line) => line.split(/=(.*)/s) as [string, string]))
  }

  /** Presses "Test the connection"; returns the code that comes of it. */
  async testConnection(event: string): Promise<string | null> {
    const page = await this.#open()
    await page.fill('#stream_chat_for_kinescope_test', event)
    await page.click('#stream_chat_for_kinescope_test_submit')
    return page.locator('[data-code]:not([data-code=""])').getAttribute('data-code')
  }

  async #open(): Promise<Page> {
    const page = await this.#people.page('boss')
    await page.goto(this.settings)
    return page
  }
}
