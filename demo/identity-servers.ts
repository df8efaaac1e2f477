import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SEED } from './emulator/seed-events.js'
import { LINKED, makeCredential, makeSecrets } from './identity-credentials.js'
import type { Operated } from './operator.js'
import { CLIENT_ID, type IdentityProvider } from './site/identity-provider.js'
import type { IdentitySetup } from './src/identity-setup.js'
import type { VisitorFacts } from './src/page-facts.js'

export interface IdentityServersOptions {
  operated: Operated
  provider: IdentityProvider
  /** Origin of the site. */
  site: string
  /** Where the file of people and the revoked links are kept. */
  dir: string
}

/**
 * Token servers with the identity sources that scenarios ask for, and what visitors bring to them. Each server is started
 * when it is first wanted.
 */
export class IdentityServers {
  readonly #options: IdentityServersOptions
  readonly #secrets = makeSecrets()
  readonly #started = new Map<string, Promise<string>>()
  #links: Promise<{ good: string; revoked: string }> | undefined

  constructor(options: IdentityServersOptions) {
    this.#options = options
  }

  /** The address of a server, without a path. */
  address({ sources, asksNames }: IdentitySetup): Promise<string> {
    const name = `${sources} ${asksNames ?? ''}`
    const started = this.#started.get(name) ?? this.#start(sources, asksNames ? 'ask' : 'number')
    this.#started.set(name, started)
    started.catch(() => this.#started.delete(name))
    return started
  }

  /** What a visitor brings, made anew. */
  credential({ brings }: IdentitySetup): Promise<VisitorFacts> {
    const { provider, site } = this.#options
    return makeCredential(brings, {
      secrets: this.#secrets,
      eventId: SEED.live.publicId,
      idToken: (name, clientId) => provider.idToken(site, name, clientId),
      links: () => (this.#links ??= this.#makeLinks()),
    })
  }

  async #start(sources: string, guestNames: string): Promise<string> {
    const { operated, provider, site } = this.#options
    const kinds = sources.split(',')
    // a link must be revoked before its server starts, which reads revocations once a second
    if (kinds.includes('link')) await (this.#links ??= this.#makeLinks())
    const settings: Record<string, Record<string, string>> = {
      oidc: { CHAT_IDENTITY_OIDC: `${provider.issuer(site)}=${CLIENT_ID}` },
      link: this.#linkSettings,
      telegram: {
        CHAT_TELEGRAM_BOT_TOKEN: this.#secrets.telegramBot,
        CHAT_MAX_BOT_TOKEN: this.#secrets.maxBot,
      },
      header: {
        CHAT_IDENTITY_ID_HEADER: 'X-Forwarded-User',
        CHAT_IDENTITY_NAME_HEADER: 'X-Forwarded-Preferred-Username',
        CHAT_TRUSTED_PROXIES: '127.0.0.1',
      },
      guest: { CHAT_GUEST_NAMES: guestNames, CHAT_GUEST_MARK: '· guest' },
    }
    const chosen = kinds.map((kind) => settings[kind] ?? {})
    const secret = { CHAT_IDENTITY_SECRET: this.#secrets.site }
    return operated.serveAlso(
      Object.assign({ CHAT_IDENTITY: sources }, secret, ...chosen) as Record<string, string>,
    )
  }

  get #linkSettings(): Record<string, string> {
    return { CHAT_LINK_SECRET: this.#secrets.links, CHAT_LINK_DIR: join(this.#options.dir, 'links') }
  }

  /** Makes links as an operator does, and revokes the second one. */
  async #makeLinks(): Promise<{ good: string; revoked: string }> {
    const { operated, site, dir } = this.#options
    const [people, output] = [join(dir, 'people.csv'), join(dir, 'people-with-links.csv')]
    const names = [LINKED.good, LINKED.revoked]
    await writeFile(people, ['id,name', ...names.map((name, row) => `${row + 1},${name}`)].join('\n'))
    const made = ['links', SEED.live.publicId, people, '--output', output, '--site', site]
    await operated.command(made, this.#linkSettings)
    await operated.command(['links', 'revoke', output, '--rows', '3', '--yes'], this.#linkSettings)
    const [good = '', revoked = ''] = (await readFile(output, 'utf8'))
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .map((row) => row.split('#')[1] ?? '')
    return { good, revoked }
  }
}
