import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createServer, type Connect, type Plugin } from 'vite'
import { FACTS_ID, type PageFacts } from '../src/page-facts.js'
import { OTHER_SERVERS, type OtherServer } from '../src/scenario.js'
import { SCENARIOS } from '../src/scenarios.js'
import { hasLoopbackHost, isOwnRequest } from '../loopback.js'
import { acceptsPage, sendJson, type SiteHandler } from './answer.js'
import { ScriptedEndpoint } from './scripted-endpoint.js'
import { startingPage } from './starting-page.js'
import { Visitors } from './visitors.js'

export interface HostSiteOptions {
  /** 0 for any free port. */
  port: number
  /** Asked for each page; undefined until all that a page names is there, since the site starts before its servers. */
  facts: () => PageFacts | undefined
  /** The address of a token server in trouble. */
  otherServer: (name: OtherServer) => Promise<string>
  /** Replaces the token server's key; resolves when the new one signs. */
  rotateKeys: () => Promise<void>
  /** Watch the page's sources and reload on a change. */
  watch: boolean
  /** The folder of the element's sources, where those are served in place of the built file. */
  elementSources?: string | undefined
}

export interface HostSite {
  /** The origin that a visitor's browser sees: `localhost`, another site than the chat's 127.0.0.1. */
  readonly url: string
  readonly scripted: ScriptedEndpoint
  close(): Promise<void>
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The site that has the chat on its page: sign-in, `/me`, and the QA page itself, served by Vite from its sources. */
export async function startHostSite({
  port,
  facts,
  otherServer,
  rotateKeys,
  watch,
  elementSources,
}: HostSiteOptions): Promise<HostSite> {
  const visitors = new Visitors()
  const scripted = new ScriptedEndpoint(visitors)
  const rotate: SiteHandler = async ({ url, method }, response) => {
    if (url !== '/operator/rotate' || method !== 'POST') return false
    await rotateKeys()
    return sendJson(response, 200, { rotated: true })
  }
  const handlers: SiteHandler[] = [
    visitors.handle,
    scripted.handle,
    rotate,
    proxyTo(otherServer),
    secondVisitor(visitors, facts),
  ]

  const vite = await createServer({
    configFile: false,
    root: ROOT,
    appType: 'mpa',
    cacheDir: `${ROOT}/../.cache/vite`,
    publicDir: false,
    clearScreen: false,
    logLevel: 'warn',
    // everything the page imports is a module already; a bundler that notices one late would reload the page
    optimizeDeps: { noDiscovery: true, include: [] },
    server: {
      host: '127.0.0.1',
      port,
      strictPort: true,
      ...(watch ? {} : { watch: null }),
    },
    plugins: [sitePlugin(handlers, facts), ...(elementSources ? [elementFrom(elementSources)] : [])],
  })
  await vite.listen()
  const { port: taken } = vite.httpServer!.address() as AddressInfo
  return { url: `http://localhost:${taken}`, scripted, close: () => vite.close() }
}

function sitePlugin(handlers: readonly SiteHandler[], facts: () => PageFacts | undefined): Plugin {
  return {
    name: 'host-site',
    configureServer({ middlewares }) {
      middlewares.use(({ headers, method = 'GET' }, response, next) => {
        const changes = !['GET', 'HEAD', 'OPTIONS'].includes(method)
        if (hasLoopbackHost(headers) && (!changes || isOwnRequest(headers))) return next()
        sendJson(response, 403, { message: 'only pages of this site may do this' })
      })
      for (const handle of handlers) middlewares.use(middleware(handle))
      middlewares.use((request, response, next) => {
        if (!facts() && acceptsPage(request)) startingPage(response)
        else next()
      })
      middlewares.use((request, response, next) => {
        const policy = scenarioOf(request.url)?.setup.policy
        if (policy) response.setHeader('content-security-policy', policy)
        // a POST that nobody took is no page
        if (request.method === 'POST') sendJson(response, 404, { message: 'nothing here' })
        else next()
      })
    },
    transformIndexHtml: {
      order: 'pre',
      handler(html, { originalUrl }) {
        const known = facts()
        if (!known) throw new Error('no page is made before all that it names is there')
        const { tokenServer, chatOrigin, events } = known
        const scenario = scenarioOf(originalUrl)
        const [before = '', integration = '', after = ''] = html.split(/<!-- \/?integration -->/)
        // the page puts a scenario's element there itself, once all it needs is set up
        const script = /<script.*?<\/script>/s.exec(integration)?.[0] ?? ''
        const kept = scenario ? (scenario.setup.script === 'npm' ? '' : script) : integration
        const json = JSON.stringify(known).replaceAll('<', '\\u003c')
        return `${before}<script type="application/json" id="${FACTS_ID}">${json}</script>${kept}${after}`
          .replaceAll('%TOKEN_SERVER%', tokenServer)
          .replaceAll('%CHAT_ORIGIN%', chatOrigin)
          .replaceAll('%EVENT_ID%', events['live']?.publicId ?? '')
      },
    },
  }
}

/** The site's own `/kinescope-chat.js`: the element's sources, so that a change of them reloads the page. */
function elementFrom(sources: string): Plugin {
  const source = `${sources}/standalone.ts`
  return {
    name: 'element-from-sources',
    enforce: 'pre',
    resolveId: (id) => (id === '/kinescope-chat.js' ? source : null),
    transformIndexHtml: {
      order: 'pre',
      handler: (html) =>
        // the token endpoint is beside the built file, not beside this one
        html.replace(
          /src="([^"]*)\/kinescope-chat\.js"/,
          (_, server: string) => `src="/kinescope-chat.js" data-token-url="${server}/token"`,
        ),
    },
  }
}

const middleware =
  (handle: SiteHandler): Connect.NextHandleFunction =>
  (request, response, next) =>
    void Promise.resolve(handle(request, response)).then((done) => done || next(), next)

function scenarioOf(url = '/') {
  const id = new URL(url, 'http://localhost').searchParams.get('scenario')
  return id === null ? undefined : SCENARIOS.find((scenario) => scenario.id === id)
}

/** `/other-server/<name>/token`: this site's own proxy before another token server, so that no CORS is in the way. */
function proxyTo(address: (name: OtherServer) => Promise<string>): SiteHandler {
  return async (request, response) => {
    const wanted = /^\/other-server\/([\w-]+)\/token$/.exec(request.url ?? '')?.[1]
    const name = OTHER_SERVERS.find((known) => known === wanted)
    if (!name) return false
    return passOn(request, response, await address(name), request.headers.cookie)
  }
}

/** `/second-visitor/token`: the same for the second visitor, whose session the site knows by a cookie of its own. */
function secondVisitor(visitors: Visitors, facts: () => PageFacts | undefined): SiteHandler {
  return async (request, response) => {
    if (request.url !== '/second-visitor/token') return false
    const { tokenServer = '' } = facts() ?? {}
    return passOn(
      request,
      response,
      tokenServer.replace('localhost', '127.0.0.1'),
      visitors.secondCookie(request),
    )
  }
}

async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  server: string,
  cookie: string | undefined,
): Promise<true> {
  // as a proxy that drops Sec-Fetch-Site, as old browsers send none: the Origin decides
  const headers = new Headers(cookie === undefined ? {} : { cookie })
  for (const wanted of ['content-type', 'origin']) {
    const value = request.headers[wanted]
    if (typeof value === 'string') headers.set(wanted, value)
  }
  const body = request as unknown as ReadableStream
  const options = { method: request.method!, headers, body, duplex: 'half' } as RequestInit
  const reply = await fetch(`${server}/token`, options)
  response.writeHead(reply.status, Object.fromEntries(reply.headers))
  response.end(Buffer.from(await reply.arrayBuffer()))
  return true
}
