import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { casesFor, hold, type Contestant } from '../php/contract.js'
import { QUERY, startPhpSites, whyNoPhpSites, type PhpSites } from './wordpress-behind-servers.js'
import { contestant } from './wordpress-contestant.js'
import { releases } from './wordpress-site.js'

const missing = whyNoPhpSites()
if (missing) console.log(`Skipped: the plugin's endpoint behind Apache and nginx. ${missing}`)

const PATH = '/kinescope-chat/token'

describe.skipIf(missing)('the endpoint of the WordPress plugin', () => {
  let sites: PhpSites
  beforeAll(async () => void (sites = await startPhpSites(releases()[0]![1])), 120_000)
  afterAll(() => sites?.close())

  describe.each([
    ['Apache without .htaccess', 'apache', QUERY],
    ['Apache with .htaccess', 'apacheRewriting', PATH],
    ['nginx without try_files', 'nginx', QUERY],
    ['nginx with try_files', 'nginxRewriting', PATH],
  ] as const)('holds the contract behind %s', (_name, kind, path) => {
    let server: Contestant
    beforeAll(async () => void (server = await contestant(sites.wordpress, sites.servers.urls[kind], path)))
    it.each(casesFor(['origins', 'authorization']))('%s', (_name, test) => hold(server, test))
  })

  it('is the path if the web server rewrites addresses, else the query', async () => {
    const choose = (url: string) =>
      sites.wordpress.php(
        `add_filter('option_home', function () use ($argv) { return $argv[1]; }, 99); add_filter('block_local_requests', '__return_false');
        echo Live_Chat_For_Kinescope_Streams\\Token_Route::test() ? get_option('live_chat_for_kinescope_streams_address') : 'none';`,
        url,
      )
    expect(await choose(sites.servers.urls.apacheRewriting)).toBe('path')
    expect(await choose(sites.servers.urls.apache)).toBe('query')
    expect(await choose(sites.servers.urls.nginx)).toBe('query')
    expect(await choose('http://127.0.0.1:9')).toBe('none')
  })
})
