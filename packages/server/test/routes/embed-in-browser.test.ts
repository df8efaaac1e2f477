import type { Browser, Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../../../demo/emulator/emulator.js'
import { launchBrowser } from '../../../../demo/test/e2e/browser.js'
import {
  forwardEnv,
  listen,
  makeKey,
  startSite,
  startTestServer,
  type TestServer,
} from '../running-server.js'

describe('the embed page in a browser', () => {
  let browser: Browser
  let emulator: Emulator
  let site: Awaited<ReturnType<typeof startSite>>
  let server: TestServer
  let host: Awaited<ReturnType<typeof listen>>
  let eventId: string
  let requests: string[]
  let page: Page

  beforeAll(async () => {
    emulator = buildEmulator()
    const chatOrigin = await emulator.listen()
    eventId = emulator.state.events[0]!.publicId
    site = await startSite()
    // the page with the frame: the parameters of the query become the frame's attributes
    host = await listen((request, response) => {
      const { searchParams } = new URL(request.url!, 'http://host')
      const sandbox = searchParams.get('sandbox')
      const frame = `<iframe src="${searchParams.get('src')}" width="400" height="500" ${sandbox === null ? '' : `sandbox="${sandbox}"`}></iframe>`
      response.setHeader('Content-Type', 'text/html').end(`<!doctype html><title>host</title>${frame}`)
    })
    server = await startTestServer({
      ...forwardEnv(site.url, makeKey()),
      CHAT_EVENTS: eventId,
      CHAT_ALLOWED_ORIGINS: host.url,
      KINESCOPE_CHAT_ORIGIN: chatOrigin,
    })
    browser = await launchBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await server.close()
    await Promise.all([site.close(), host.close(), emulator.close()])
  })

  async function open(query: Record<string, string>): Promise<Frame> {
    const context = await browser.newContext()
    page = await context.newPage()
    requests = []
    page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`))
    await page.goto(`${host.url}/?${new URLSearchParams(query).toString()}`)
    const frame = page.frames().find((candidate) => candidate.url().includes('/embed/'))
    if (!frame) throw new Error('the embed page was not framed')
    return frame
  }
  const src = () => `${server.url}/embed/${eventId}`

  it('offers the chat in a new tab in a sandbox without an origin, and requests no token there', async () => {
    const frame = await open({ src: src(), sandbox: 'allow-scripts' })
    const link = frame.locator('#tab a')
    await link.waitFor()
    expect(await link.getAttribute('href')).toBe(src())
    expect(await frame.locator('kinescope-chat').count()).toBe(0)
    expect(requests.filter((request) => request.endsWith('/token'))).toEqual([])
    expect(requests.filter((request) => request.includes('/embed/'))).toHaveLength(1)
    await page.context().close()
  })

  it('offers the chat in a new tab after one token request, if the browser sends no cookie', async () => {
    const frame = await open({ src: src() })
    await frame.locator('#tab a').waitFor()
    expect(requests.filter((request) => request === 'POST /token')).toHaveLength(1)
    await page.context().close()
  })

  it('fills its frame with the element', async () => {
    const frame = await open({ src: src() })
    const box = await frame.locator('kinescope-chat').boundingBox()
    expect(box?.width).toBe(400)
    expect(box?.height).toBeGreaterThan(399)
    await page.context().close()
  })
})
