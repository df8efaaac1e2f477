import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildEmulator, type Emulator } from './emulator/emulator.js'
import { SEED } from './emulator/seed-events.js'
import { IdentityServers } from './identity-servers.js'
import { operate, type Operated } from './operator.js'
import { OtherServers } from './other-servers.js'
import type { DemoPorts } from './ports.js'
import { startHostSite } from './site/host-site.js'
import type { PageFacts } from './src/page-facts.js'

export interface DemoOptions {
  ports: DemoPorts
  /** Reload the page when its sources change. */
  watch: boolean
  /** The folder of the element's sources, if the site serves them in place of the built file. */
  elementSources?: string | undefined
  /** Additional settings of the token server. */
  settings?: Record<string, string>
  /** The log level of the token servers, on standard output. */
  logLevel: 'error' | 'silent'
  /** Called after each step. */
  report: (step: string) => void
}

export interface Demo {
  /** Origins, as a browser should visit them. */
  readonly site: string
  readonly tokenServer: string
  readonly emulator: Emulator
  /** The running token server, and the operator's actions on it. */
  readonly operated: Operated
  close(): Promise<void>
}

/**
 * Starts three origins on two sites, as in production: the emulator of Kinescope on 127.0.0.1, the host site and the
 * token server on localhost. The operator's own commands set up the key and the stream.
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { ports, watch, elementSources, settings, logLevel, report } = options
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end()
  }
  try {
    const emulator = buildEmulator()
    closers.push(() => emulator.close())
    // the other streams are already set up, since a finished one among them can't be set up any more
    for (const event of emulator.state.events) event.jwtRequired = event.id !== SEED.live.id
    await emulator.listen(ports.emulator)
    report(`Emulator of Kinescope: API and chat page on ${emulator.url}`)

    // the site starts before the servers that its page names, since they request the visitor's identity from it
    const behind: {
      operated?: Operated
      others?: OtherServers
      identityServers?: IdentityServers
      facts?: PageFacts
    } = {}
    const site = await startHostSite({
      port: ports.site,
      watch,
      elementSources,
      facts: () => behind.facts,
      otherServer: (name) => behind.others?.address(name) ?? Promise.reject(new Error('not started yet')),
      identityServers: () => behind.identityServers,
      rotateKeys: () => behind.operated?.rotateKeys() ?? Promise.resolve(),
    })
    closers.push(() => site.close())
    report(`Host site with sign-in on ${site.url}`)

    const dir = await mkdtemp(join(tmpdir(), 'kinescope-chat-demo-'))
    closers.push(() => rm(dir, { recursive: true, force: true }))
    const operated = await operate({
      keyDir: join(dir, 'keys'),
      api: { url: emulator.url, token: emulator.apiToken },
      site: site.url,
      event: SEED.live,
      allowed: emulator.state.events.flatMap(({ id, publicId }) => [id, publicId]),
      settings,
      logLevel,
      port: ports.token,
      report,
    })
    closers.push(operated.close)
    behind.operated = operated
    behind.others = new OtherServers(operated, emulator, dir)
    const { provider } = site
    behind.identityServers = new IdentityServers({ operated, provider, site: site.url, dir })
    await registerScriptedKey(emulator, site.scripted.key.registration)
    behind.facts = factsOf(emulator, operated)
    return { site: site.url, tokenServer: operated.tokenServer, emulator, operated, close }
  } catch (error) {
    await close()
    throw error
  }
}

function factsOf(emulator: Emulator, operated: Operated): PageFacts {
  const named = Object.entries(SEED).map(([name, { id, publicId, name: title }]) => [
    name,
    { id, publicId, name: title },
  ])
  return {
    tokenServer: operated.tokenServer,
    chatOrigin: emulator.url,
    events: Object.fromEntries(named) as PageFacts['events'],
  }
}

/** Registers the scripted endpoint's own key with the emulator. */
async function registerScriptedKey(emulator: Emulator, registration: Record<string, string>): Promise<void> {
  const { statusCode } = await emulator.app.inject({
    method: 'POST',
    url: '/v1/jwk',
    headers: { authorization: `Bearer ${emulator.apiToken}`, 'content-type': 'application/json' },
    payload: registration,
  })
  if (statusCode >= 300) throw new Error(`the emulator refused the scripted endpoint’s key: ${statusCode}`)
}
