import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { casesFor, hold, type Contestant } from '../php/contract.js'
import { startKinescope, type Kinescope } from './kinescope.js'
import { startWebServers, whyNoWebServers, type WebServers } from './php-web-servers.js'
import { startDatabase, type Database } from './wordpress-database.js'
import { contestant } from './wordpress-contestant.js'
import { releases, startWordPress, whyNoWordPress, type WordPress } from './wordpress-site.js'

const missing = whyNoWordPress() ?? whyNoWebServers()
if (missing) console.log(`Skipped: the plugin's endpoint is not tried behind Apache and nginx. ${missing}`)

const PATH = '/kinescope-chat/token'
const QUERY = '/index.php?kinescope-chat-token'

describe.skipIf(missing)('the endpoint of the WordPress plugin', () => {
  let database: Database
  let kinescope: Kinescope
  let wordpress: WordPress
  let servers: WebServers
  beforeAll(async () => {
    ;[database, kinescope] = await Promise.all([startDatabase(), startKinescope()])
    const [, folder] = releases()[0]!
    wordpress = await startWordPress({
      folder,
      database,
      chatOrigin: kinescope.chatOrigin,
      config: {
        LIVE_CHAT_FOR_KINESCOPE_STREAMS_API: kinescope.chatOrigin,
        WP_ACCESSIBLE_HOSTS: '127.0.0.1',
      },
    })
    await wordpress.php(
      `Live_Chat_For_Kinescope_Streams\\Connection::connect($argv[1]);`,
      kinescope.emulator.apiToken,
    )
    servers = await startWebServers(wordpress.folder)
  }, 120_000)
  afterAll(async () => {
    await servers?.close()
    await wordpress?.close()
    await kinescope?.emulator.close()
    await database?.close()
  })

  describe.each([
    ['Apache without .htaccess', 'apache', QUERY],
    ['Apache with .htaccess', 'apacheRewriting', PATH],
    ['nginx without try_files', 'nginx', QUERY],
    ['nginx with try_files', 'nginxRewriting', PATH],
  ] as const)('holds the contract behind %s', (_name, kind, path) => {
    let server: Contestant
    beforeAll(async () => void (server = await contestant(wordpress, servers.urls[kind], path)))
    it.each(casesFor(['origins', 'authorization']))('%s', (_name, test) => hold(server, test))
  })

  it('is chosen by what works: the path where addresses are rewritten, else the query', async () => {
    const choose = (url: string) =>
      wordpress.php(
        `add_filter('home_url', function ($url, $path) use ($argv) { return $argv[1] . $path; }, 10, 2); add_filter('block_local_requests', '__return_false');
        echo Live_Chat_For_Kinescope_Streams\\Token_Route::test() ? get_option('live_chat_for_kinescope_streams_address') : 'none';`,
        url,
      )
    expect(await choose(servers.urls.apacheRewriting)).toBe('path')
    expect(await choose(servers.urls.apache)).toBe('query')
    expect(await choose(servers.urls.nginx)).toBe('query')
    expect(await choose('http://127.0.0.1:9')).toBe('none')
  })
})
