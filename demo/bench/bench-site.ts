import { craftToken, makeKey } from '../site/craft-token.js'
import { EVENT } from '../test/placing/kinescope.js'
import { Site } from '../test/placing/site.js'

/** Where the element's chat page is, and Superset's. */
export const CHAT_PATHS = [`/chat/${EVENT}`, `/embedded/${EVENT}`]
export const CHAT_PAGE = '<!doctype html><title>Chat</title><p>Chat'

/** A site with a token endpoint and, by its other name, a chat page: as light as can be, so that what is measured is the page's part. */
export async function startBenchSite(): Promise<Site> {
  const site = await new Site().listen()
  const token = craftToken(makeKey('bench'), EVENT)
  site.handlers.set('/token', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify({ token, expires_in: 600, refresh_in: 500 }))
  })
  for (const path of CHAT_PATHS) site.pages.set(path, { html: CHAT_PAGE })
  return site
}

/** The tag for that site's chat. */
export const chatTag = (site: Site, chatOrigin = site.url('127.0.0.1')): string =>
  `<kinescope-chat event-id="${EVENT}" token-url="/token" chat-origin="${chatOrigin}"></kinescope-chat>`
