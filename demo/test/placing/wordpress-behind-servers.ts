import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contract } from '../php/contract.js'
import { PHP_PACKAGE } from '../php/php-server.js'
import { startKinescope } from './kinescope.js'
import { startWebServers, whyNoWebServers, type WebServers } from './php-web-servers.js'
import { contestant } from './wordpress-contestant.js'
import { startDatabase } from './wordpress-database.js'
import { startWordPress, whyNoWordPress, type WordPress } from './wordpress-site.js'

/** The plugin's own address where the web server rewrites none. */
export const QUERY = '/index.php?kinescope-chat-token'

/** Why WordPress behind web servers can't be started here, or null. */
export const whyNoPhpSites = (): string | null => whyNoWordPress() ?? whyNoWebServers()

export interface PhpSites {
  wordpress: WordPress
  servers: WebServers
  close(): Promise<void>
}

/** A connected WordPress without other plugins, behind Apache and nginx. */
export async function startPhpSites(folder: string): Promise<PhpSites> {
  const started: { close(): Promise<unknown> }[] = []
  const close = async () => {
    for (const one of started.reverse()) await one.close()
  }
  try {
    const database = await startDatabase()
    started.push(database)
    const kinescope = await startKinescope()
    started.push(kinescope.emulator)
    const wordpress = await startWordPress({
      folder,
      database,
      chatOrigin: kinescope.chatOrigin,
      config: {
        LIVE_CHAT_FOR_KINESCOPE_STREAMS_API: kinescope.chatOrigin,
        WP_ACCESSIBLE_HOSTS: '127.0.0.1',
      },
    })
    started.push(wordpress)
    await wordpress.php(
      `Live_Chat_For_Kinescope_Streams\\Connection::connect($argv[1]);`,
      kinescope.emulator.apiToken,
    )
    const servers = await startWebServers(wordpress.folder)
    started.push(servers)
    return { wordpress, servers, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What tokens cost on one server. */
export interface TokenCost {
  statuses: number[]
  /** Processor time of PHP-FPM's workers for one request. Milliseconds. */
  ms: number
}

const REQUESTS = 400
const AT_ONCE = 4

/** Sends 400 requests, four at once, to nginx before the plugin, and as many to nginx before `packages/php` alone. */
export async function costOfTokens({ wordpress, servers }: PhpSites) {
  const { visitorHeaders } = await contestant(wordpress, servers.urls.nginx, QUERY)
  const plugin = await costOf(servers, QUERY, visitorHeaders('ann'))
  const keys = `${wordpress.folder}-keys`
  await writeFile(join(wordpress.folder, 'standalone.php'), standalone(keys))
  try {
    return { plugin, standalone: await costOf(servers, '/standalone.php', {}) }
  } finally {
    await rm(keys, { recursive: true, force: true })
  }
}

const standalone = (keys: string) => `<?php require '${PHP_PACKAGE}src/autoload.php';
$site = new KinescopeChat\\TokenServer\\Site(['site' => 'https://www.example.com', 'events' => ['${contract.events[0]}'], 'folder' => '${keys}',
  'identify' => static function (): ?array { return ['id' => '7', 'name' => 'Ann']; }]);
if ($site->keys->ring() === null) { $site->keys->addByHand(); $site->keys->confirmByHand(); }
$site->answer();`

async function costOf(
  { urls, cpuMs }: WebServers,
  path: string,
  headers: Record<string, string>,
): Promise<TokenCost> {
  const ask = async () => {
    const reply = await fetch(urls.nginx + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin', ...headers },
      body: JSON.stringify({ event_id: contract.events[0] }),
    })
    await reply.arrayBuffer()
    return reply.status
  }
  for (let count = 0; count < 2 * AT_ONCE; count++) await ask()
  const before = await cpuMs()
  const statuses: number[] = []
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let count = 0; count < REQUESTS / AT_ONCE; count++) statuses.push(await ask())
    }),
  )
  return { statuses, ms: ((await cpuMs()) - before) / REQUESTS }
}
