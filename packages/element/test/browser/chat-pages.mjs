import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { guestServer } from './guest-server.mjs'
import { unlistedServer } from './unlisted-server.mjs'

const { version: VERSION } = JSON.parse(
  await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
)

/**
 * The servers for tests in a browser: a chat page on its own origin, and a token endpoint that the test programs.
 * - `/bench/origin` returns the chat page's origin. The stream's id makes the page late (`slow-MS`), silent (`hang`),
 * or wait until the test requests `/open/NAME` (`gate-…`).
 * - `/bench/endpoint/NAME` takes a list of responses by PUT (the last one repeats), answers requests by POST, and
 * returns the received requests by GET.
 * - `/bench/broken` begins an answer and closes the connection: `?ends` without an error, `?encoded` in an encoding that it
 * isn't in.
 */
export function bench() {
  /** The chat pages that wait for their release, and the released ones. */
  const gates = new Map()
  const opened = new Set()
  const unlisted = unlistedServer()
  const guests = guestServer()
  const chat = createServer((request, response) => {
    const [, folder, mode] = new URL(request.url, 'http://localhost').pathname.split('/')
    if (folder === 'token' || folder === 'asked') return unlisted(request, response)
    if (folder === 'guests') return guests(request, response)
    if (folder === 'open') {
      opened.add(mode)
      gates.get(mode)?.()
      return response.end()
    }
    if (mode.startsWith('hang')) return // never responds: the connection closes with the server
    const answer = () => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      if (mode.startsWith('refusing')) response.setHeader('X-Frame-Options', 'DENY')
      response.end(page(mode))
    }
    if (mode.startsWith('gate') && !opened.has(mode)) return gates.set(mode, answer)
    const delay = Number(/slow-(\d+)/.exec(mode)?.[1] ?? 0)
    setTimeout(answer, delay)
  })
  const endpoints = new Map()

  const plugin = {
    name: 'bench',
    serverStart: () => new Promise((resolve) => chat.listen(0, '127.0.0.1', resolve)),
    serverStop() {
      chat.closeAllConnections()
      return new Promise((resolve) => chat.close(resolve))
    },
  }

  async function middleware(context, next) {
    const { path, method, query } = context
    if (path === '/bench/origin') return void (context.body = `http://localhost:${chat.address().port}`)
    if (path === '/bench/page') {
      // a page with the policies that the test asks for
      if (query.csp) context.set('Content-Security-Policy', query.csp)
      if (query.coep) context.set('Cross-Origin-Embedder-Policy', query.coep)
      if (query.referrer) context.set('Referrer-Policy', query.referrer)
      context.type = `text/html; charset=${query.encoding ?? 'utf-8'}`
      context.body = `<!doctype html><html lang="${query.lang ?? 'en'}"><head><title>Page</title>${query.head ?? ''}</head><body>${query.body ?? ''}</body></html>`
      return
    }
    if (/^\/bench\/dist\/.*js$/.test(path)) {
      context.type = 'js'
      const script = await readFile(new URL(`../../dist/${path.slice(12)}`, import.meta.url), 'utf8')
      // the same script as another release of it
      const body = query.version ? script.replace(VERSION, query.version) : script
      // a host without a charset, with the file as it is or saved without the byte order mark
      if (query.bare !== undefined) context.set('Content-Type', 'text/javascript')
      context.body = query.bare === 'unmarked' ? body.replace(/^\ufeff/, '') : body
      return
    }
    if (/^\/bench\/optimized\/.*js$/.test(path)) {
      // a minifier's bundle of several files, under its own name
      context.type = 'js'
      const script = await readFile(new URL('../../dist/kinescope-chat.js', import.meta.url), 'utf8')
      context.body = `${query.before ?? ''}${script}${query.after ?? ''}`
      return
    }
    if (path === '/bench/broken') {
      context.respond = false
      const how = new URL(context.req.url, 'http://localhost').search
      const encoding = how === '?encoded' ? { 'Content-Encoding': 'gzip' } : {}
      context.res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 5000, ...encoding })
      context.res.write('{"token":')
      const close = how === '?ends' ? () => context.res.socket.end() : () => context.res.destroy()
      return void setTimeout(close, 200)
    }
    const name = /^\/bench\/endpoint\/([\w-]+(?:\/\w+)?)$/.exec(path)?.[1]
    if (!name) return next()
    const endpoint = endpoints.get(name) ?? { answers: [], asked: [] }
    endpoints.set(name, endpoint)
    if (method === 'GET') return void (context.body = endpoint.asked)
    const body = await read(context.req)
    if (method === 'PUT') {
      endpoint.answers = JSON.parse(body)
      context.body = 'ok'
      return
    }
    const { authorization, 'content-type': type } = context.headers
    endpoint.asked.push({ at: Date.now(), method, body, type, authorization })
    const answer = endpoint.answers.length > 1 ? endpoint.answers.shift() : endpoint.answers[0]
    if (answer.hang) await new Promise((resolve) => context.req.on('close', resolve))
    if (answer.delay) await new Promise((resolve) => setTimeout(resolve, answer.delay))
    context.set({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...answer.headers })
    context.status = answer.status ?? 200
    context.body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  }

  return { plugin, middleware }
}

async function read(request) {
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}

/** A chat page that reports its state to the frame's owner on request. Real chat pages send nothing. */
function page(mode) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat</title>
<input id="draft" aria-label="Message"><script>
const tell = () => parent.postMessage({ bench: 'chat', search: location.search, path: location.pathname, referrer: document.referrer, draft: draft.value, history: history.length, focused: document.hasFocus(), fullscreen: document.fullscreenEnabled }, '*')
addEventListener('message', tell)
addEventListener('load', tell)
addEventListener('click', async () => {
  const worked = (promise) => promise.then(() => true, () => false)
  const copied = worked(navigator.clipboard.writeText('copied by the chat'))
  const fullscreen = await worked(document.documentElement.requestFullscreen())
  if (fullscreen) await document.exitFullscreen()
  parent.postMessage({ clicked: true, copied: await copied, fullscreen }, '*')
})
${mode.startsWith('greedy') ? "draft.focus(); addEventListener('load', () => { draft.focus(); setTimeout(() => (draft.focus(), tell()), 50) })" : ''}
</script></html>`
}
