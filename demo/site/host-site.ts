import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createServer, type Connect, type Plugin } from 'vite'
import type { IdentitySetup } from '../src/identity-setup.js'
import { FACTS_ID, type PageFacts, type VisitorFacts } from '../src/page-facts.js'
import { OTHER_SERVERS, type OtherServer, type Scenario } from '../src/scenario.js'
import { SCENARIOS } from '../src/scenarios.js'
import { hasLoopbackHost, isOwnRequest } from '../loopback.js'
import { acceptsPage, sendJson, type SiteHandler } from './answer.js'
import { IdentityProvider } from './identity-provider.js'
import { ScriptedEndpoint } from './scripted-endpoint.js'
import { startingPage } from './starting-page.js'
import { Visitors } from './visitors.js'

export interface HostSiteOptions {
  /** 0 for any free port. */
  port: number
  /** Called for each page. Returns undefined until the servers that a page names run, since the site starts first. */
  facts: () => PageFacts | undefined
  /** The address of a token server with a problem. */
  otherServer: (name: OtherServer) => Promise<string>
  /** Token servers with other identity sources. */
  identityServers: () => IdentityPlaces | undefined
  /** Replaces the token server's key. Resolves when the server signs with the new key. */
  rotateKeys: () => Promise<void>
  /** Watch the page's sources and reload on a change. */
  watch: boolean
  /** The folder of the element's sources, if the site serves them in place of the built file. */
  elementSources?: string | undefined
}

/** Token servers by their identity sources, and the visitors' credentials for them. */
export interface IdentityPlaces {
  /** The address of a server, without a path. */
  address(setup: IdentitySetup): Promise<string>
  credential(setup: IdentitySetup): Promise<VisitorFacts>
}

export interface HostSite {
  /** The origin that a visitor's browser sees: `localhost`, another site than the chat's 127.0.0.1. */
  readonly url: string
  readonly scripted: ScriptedEndpoint
  readonly provider: IdentityProvider
  close(): Promise<void>
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Starts the site that embeds the chat: sign-in, `/me`, and the QA page, which Vite serves from its sources. */
export async function startHostSite({
  port,
  facts,
  otherServer,
  identityServers,
  rotateKeys,
  watch,
  elementSources,
}: HostSiteOptions): Promise<HostSite> {
  const visitors = new Visitors()
  const scripted = new ScriptedEndpoint(visitors)
  const provider = new IdentityProvider()
  const rotate: SiteHandler = async ({ url, method }, response) => {
    if (url !== '/operator/rotate' || method !== 'POST') return false
    await rotateKeys()
    return sendJson(response, 200, { rotated: true })
  }
  const handlers: SiteHandler[] = [
    visitors.handle,
    scripted.handle,
    provider.handle,
    signingInProxy(visitors, identityServers),
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
    // all imports of the page are modules already; a bundler that discovers an import late would reload the page
    optimizeDeps: { noDiscovery: true, include: [] },
    server: {
      host: '127.0.0.1',
      port,
      strictPort: true,
      ...(watch ? {} : { watch: null }),
    },
    plugins: [
      sitePlugin(handlers, facts, identityServers),
      ...(elementSources ? [elementFrom(elementSources)] : []),
    ],
  })
  await vite.listen()
  const { port: taken } = vite.httpServer!.address() as AddressInfo
  return { url: `http://localhost:${taken}`, scripted, provider, close: () => vite.close() }
}

function sitePlugin(
  handlers: readonly SiteHandler[],
  facts: () => PageFacts | undefined,
  identityServers: HostSiteOptions['identityServers'],
): Plugin {
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
        const { policy, identity } = scenarioOf(request.url)?.setup ?? {}
        // a scenario must not continue as the guest of an earlier one
        if (identity) response.setHeader('set-cookie', NO_GUEST)
        if (policy) response.setHeader('content-security-policy', policy)
        // a POST without a handler must not return a page
        if (request.method === 'POST') sendJson(response, 404, { message: 'nothing here' })
        else next()
      })
    },
    transformIndexHtml: {
      order: 'pre',
      async handler(html, { originalUrl }) {
        const scenario = scenarioOf(originalUrl)
        const usual = facts()
        if (!usual) throw new Error('no page is made before all that it names is there')
        const place = await placeOf(scenario, identityServers())
        const known: PageFacts = { ...usual, ...(place && { visitor: place.visitor }) }
        const { chatOrigin, events } = known
        const tokenServer = place?.tokenServer ?? known.tokenServer
        const [before = '', integration = '', after = ''] = html.split(/<!-- \/?integration -->/)
        // the page itself adds a scenario's element after the set-up
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

/** Serves the element's sources as the site's own `/kinescope-chat.js`, so that a change reloads the page. */
function elementFrom(sources: string): Plugin {
  const source = `${sources}/standalone.ts`
  return {
    name: 'element-from-sources',
    enforce: 'pre',
    resolveId: (id) => (id === '/kinescope-chat.js' ? source : null),
    transformIndexHtml: {
      order: 'pre',
      handler: (html) =>
        // the token endpoint is at the origin of the built file, not of this one
        html.replace(
          /defer src="([^"]*)\/kinescope-chat\.js"/,
          (_, server: string) => `type="module" src="/kinescope-chat.js" data-token-url="${server}/token"`,
        ),
    },
  }
}

const middleware =
  (handle: SiteHandler): Connect.NextHandleFunction =>
  (request, response, next) =>
    void Promise.resolve(handle(request, response)).then((done) => done || next(), next)

/** Removes a guest's cookie, since all ports of this machine share their cookies. */
const NO_GUEST =
  '__Host-kinescope-chat-guest=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None; Partitioned'

/** Returns the token server of a scenario about identity sources, and the visitor's credential for the page. */
async function placeOf(
  scenario: Scenario | undefined,
  servers: IdentityPlaces | undefined,
): Promise<{ tokenServer: string; visitor: VisitorFacts } | undefined> {
  const setup = scenario?.setup.identity
  if (!setup || !servers) return undefined
  const [address, credential] = await Promise.all([servers.address(setup), servers.credential(setup)])
  const behindProxy = setup.sources === 'header' && { tokenUrl: `/signing-in-proxy/${scenario.id}/token` }
  return {
    tokenServer: address.replace('127.0.0.1', 'localhost'),
    visitor: { ...credential, ...behindProxy },
  }
}

function scenarioOf(url = '/') {
  const id = new URL(url, 'http://localhost').searchParams.get('scenario')
  return id === null ? undefined : SCENARIOS.find((scenario) => scenario.id === id)
}

/** `/other-server/<name>/token`: the site's own proxy for another token server, so that no request needs CORS. */
function proxyTo(address: (name: OtherServer) => Promise<string>): SiteHandler {
  return async (request, response) => {
    const wanted = /^\/other-server\/([\w-]+)\/token$/.exec(request.url ?? '')?.[1]
    const name = OTHER_SERVERS.find((known) => known === wanted)
    if (!name) return false
    return passOn(request, response, await address(name), request.headers.cookie)
  }
}

/** `/signing-in-proxy/<scenario>/token`: a proxy that sends the signed-in visitor's id and name in headers. */
function signingInProxy(
  visitors: Visitors,
  identityServers: HostSiteOptions['identityServers'],
): SiteHandler {
  return async (request, response) => {
    const id = /^\/signing-in-proxy\/([\w-]+)\/token$/.exec(request.url ?? '')?.[1]
    const setup = SCENARIOS.find((scenario) => scenario.id === id)?.setup.identity
    const servers = identityServers()
    if (!setup || !servers) return false
    const visitor = visitors.of(request)
    const headers: Record<string, string> = visitor
      ? { 'x-forwarded-user': visitor.id, 'x-forwarded-preferred-username': latin1(visitor.name) }
      : {}
    return passOn(request, response, await servers.address(setup), undefined, headers)
  }
}

/** Header values are bytes, and proxies write names in UTF-8. */
const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

/** `/second-visitor/token`: a proxy for the second visitor, whose session has a separate cookie. */
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
  more: Record<string, string> = {},
): Promise<true> {
  // without Sec-Fetch-Site, as from old browsers: the server then checks the Origin header
  const headers = new Headers({ ...more, ...(cookie === undefined ? {} : { cookie }) })
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
