// @engines
import { expect } from '@open-wc/testing'
import { askPage, clean, EVENT, makeReply, part, place, shownFrame, until, whenState } from './bench.js'

/** A window of the page's own, as a player's pop-up is one; undefined where the browser lets none open. */
const popUp = () => window.open('about:blank', '', 'width=400,height=600')

describe('a window of its own', () => {
  afterEach(clean)

  it('has the chat, styled, and gives it back', async () => {
    const popup = popUp()
    if (!popup) return // a browser that opens none has no such case
    let asked = 0
    const chat = place({ fetchToken: () => Promise.resolve((asked++, makeReply())) })
    await whenState(chat, 'ready')
    for (const home of [popup.document.body, document.body]) {
      home.append(chat)
      await until(() => chat.state === 'ready' && shownFrame(chat))
      expect(chat.ownerDocument).to.equal(home.ownerDocument)
      const view = home.ownerDocument.defaultView!
      const box = chat.shadowRoot!.querySelector('.box')!
      expect(view.getComputedStyle(chat).display).to.equal('flex')
      expect(view.getComputedStyle(box).borderRadius).to.equal('12px')
      const page = await askPage(shownFrame(chat)!)
      expect(page.path).to.equal(`/chat/${EVENT}`)
      expect(page.referrer).to.equal(`${location.origin}/`)
      const timing = [performance, view.performance].map((each) => each.getEntriesByType('resource'))
      expect(JSON.stringify(timing)).not.to.contain('?token=')
    }
    expect(asked).to.equal(1)
    popup.close()
  })

  it('begins there too, asks and shows what is wrong', async () => {
    const popup = popUp()
    if (!popup) return
    const chat = place({ fetchToken: () => Promise.reject(Object.assign(new Error(), { status: 403 })) })
    popup.document.body.append(chat)
    await whenState(chat, 'error')
    await until(() => part(chat, 'heading'))
    expect(popup.getComputedStyle(part(chat, 'button')!).cursor).to.equal('pointer')
    popup.close()
  })

  it('is a picture where the document of a frame is edited, and nothing but that', async () => {
    const frame = document.createElement('iframe')
    document.body.append(frame)
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()) })
    frame.contentDocument!.body.append(chat)
    await whenState(chat, 'ready')
    frame.contentDocument!.designMode = 'on'
    frame.contentDocument!.body.append(chat)
    await whenState(chat, 'preview')
    expect(frame.contentWindow!.getComputedStyle(chat).display).to.equal('flex')
    document.body.append(chat)
    await whenState(chat, 'ready')
    frame.remove()
  })

  it('causes no error in the page when its window goes before it has a size', async () => {
    const frame = document.createElement('iframe')
    document.body.append(frame)
    const chat = place({ hidden: true, fetchToken: () => Promise.resolve(makeReply()) })
    frame.contentDocument!.body.append(chat)
    await until(() => chat.diagnostics().claims)
    const errors: string[] = []
    const onError = ({ message }: ErrorEvent) => errors.push(message)
    window.addEventListener('error', onError)
    frame.remove()
    for (let painted = 0; painted < 30; painted++) await new Promise(requestAnimationFrame)
    window.removeEventListener('error', onError)
    expect(errors).to.deep.equal([])
  })
})
