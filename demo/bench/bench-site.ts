import { craftToken, makeKey } from '../site/craft-token.js'
import { EVENT } from '../test/placing/kinescope.js'
import { Site } from '../test/placing/site.js'

/** Paths of the chat page: for the element and for Superset's SDK. */
export const CHAT_PATHS = [`/chat/${EVENT}`, `/embedded/${EVENT}`]
export const CHAT_PAGE = '<!doctype html><title>Chat</title><p>Chat'

/**
 * Starts a site with a token endpoint and, at its other host name, a chat page. Both do as little work as possible, so
 * that the figures show the work of the page.
 */
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

/** Returns the tag for this site's chat. */
export const chatTag = (site: Site, chatOrigin = site.url('127.0.0.1')): string =>
  `<kinescope-chat event-id="${EVENT}" token-url="/token" chat-origin="${chatOrigin}"></kinescope-chat>`
