import { make } from '../make.js'
import type { ChatState } from '../session/chat-state.js'
import { steadyNow } from '../session/steady-clock.js'
import type { Messages } from './messages.js'

/** Nothing moves on the page before this … */
const SKELETON_AFTER_MS = 300
/** … and what has appeared stays at least this long, so that nothing flashes. */
const SKELETON_LEAST_MS = 400
const STILL_LOADING_AFTER_MS = 8_000
/** A trouble shorter than this isn't worth a word over a chat that works. */
const BANNER_AFTER_MS = 1_500
/** A shorter countdown would only make a visitor hurry. */
const COUNTDOWN_FROM_MS = 5_000
/** How often the developer's panel is written anew. */
const DEBUG_EVERY_MS = 1_000

export interface ViewModel {
  state: ChatState
  text: Messages
  language: string
  /** The frames' accessible name. */
  title: string
  eventId: string
  signinUrl: string | undefined
  /** Whether "Chat not working?" is offered. */
  help: boolean
  /** Whether the developer's panel is shown. */
  debug: boolean
}

/** What the view's buttons do, and what the developer's panel says. */
export interface ViewActions {
  reload: () => void
  openInTab: () => void
  copyReport: () => void
  signIn: (event: Event) => void
  report: () => string
}

type Layer = '' | 'skeleton' | 'preview' | 'problem' | 'chat'

/**
 * What the visitor sees around the frame. Repainted when the state changes, and by its one timer when a moment comes that
 * changes the picture.
 */
export class ChatView {
  readonly stage: HTMLElement
  readonly nodes: readonly Node[]
  readonly #actions: ViewActions
  readonly #panel = make('div', { className: 'panel', part: 'panel' })
  readonly #banner = make('div', { className: 'row line', part: 'banner' })
  // in the document before its text, or a screen reader says nothing (WCAG 2.2, 4.1.3)
  readonly #status = make('div', { className: 'status', role: 'status' })
  readonly #help = make('details', { className: 'line' })
  readonly #debug = make('pre', { part: 'details', tabIndex: 0 })
  readonly #box: HTMLElement
  #model: ViewModel | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #layer: Layer = ''
  #drawn = ''
  #since = 0
  #skeletonSince = 0
  #retryAt = 0
  #count: HTMLElement | undefined

  constructor(actions: ViewActions) {
    this.#actions = actions
    this.stage = make('div', { className: 'stage' }, this.#panel)
    this.#box = make('section', { className: 'box' }, this.#banner, this.stage, this.#help, this.#status)
    this.nodes = [this.#box, this.#debug, make('slot')]
  }

  render(model: ViewModel): void {
    const { framed, problem: known } = this.#model?.state ?? {}
    this.#model = model
    const { problem } = model.state
    const now = steadyNow()
    // a picture's time runs from when the chat came or went, and from when trouble began
    if (framed !== model.state.framed || !problem !== !known) this.#since = now
    if (problem !== known) this.#retryAt = now + (problem?.retryInMs ?? 0)
    for (const frame of this.stage.querySelectorAll('iframe')) frame.title = model.title
    this.#paint(model)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Draws what this moment calls for, and comes back when another one does. */
  #paint(model: ViewModel): void {
    this.stop()
    const now = steadyNow()
    let next = Infinity
    const passed = (moment: number) => {
      if (now < moment) next = Math.min(next, moment)
      return now >= moment
    }
    const { state, text, language, debug } = model
    const { status, problem, framed } = state
    const bars = this.#layer === 'skeleton'
    let layer: Layer = ''
    if (status === 'preview') layer = status
    else if (bars && !passed(this.#skeletonSince + SKELETON_LEAST_MS)) layer = 'skeleton'
    else if (framed) layer = 'chat'
    else if (problem) layer = 'problem'
    else if (passed(this.#since + SKELETON_AFTER_MS)) layer = 'skeleton'
    if (layer === 'skeleton' && !bars) this.#skeletonSince = now
    this.#layer = layer
    const still = layer === 'skeleton' && passed(this.#since + STILL_LOADING_AFTER_MS)
    const banner = framed && !!problem && passed(this.#since + BANNER_AFTER_MS)

    this.#draw(model, still, banner)
    if (this.#count) {
      const seconds = Math.max(0, Math.ceil((this.#retryAt - now) / 1000))
      const time = new Intl.RelativeTimeFormat(language).format(seconds, 'second')
      this.#count.textContent = text.retryAt.replace('{time}', time)
      passed(this.#retryAt - (seconds - 1) * 1000)
    }
    this.#debug.hidden = !debug
    if (debug) {
      write(this.#debug, this.#actions.report())
      passed(now + DEBUG_EVERY_MS)
    }
    if (next < Infinity) this.#timer = setTimeout(() => this.#paint(model), next - now)
  }

  /** Rebuilds only when the content changes, so that no focus and no announcement is lost. */
  #draw(model: ViewModel, still: boolean, banner: boolean): void {
    const layer = this.#layer
    const { state, text, language, eventId, help, signinUrl } = model
    const { status, problem } = state
    const { code, retryInMs } = problem ?? {}
    const counts = (retryInMs ?? 0) >= COUNTDOWN_FROM_MS
    const key = [
      layer,
      still,
      banner,
      language,
      code,
      problem?.topic,
      counts,
      eventId,
      help,
      signinUrl,
    ].join()
    if (key === this.#drawn) return
    this.#drawn = key

    const topic = problem?.topic
    const { heading: title, message: words } = topic ? text.topics[topic] : {}
    const message = (content = '') => make('p', { part: 'message' }, content)
    const heading = (content = '') => make('h2', { part: 'heading' }, content)
    const { reload, openInTab, copyReport } = this.#actions
    const button = (words: string, onclick = reload) =>
      make('button', { className: 'button', part: 'button', onclick }, words)
    const retry = button(counts ? text.retryNow : text.retry)
    const tab = button(text.openInTab, openInTab)
    // the ticking number is for the eye: read aloud each second it would drown the chat
    this.#count = counts && (banner || layer === 'problem') ? make('span', { ariaHidden: 'true' }) : undefined
    const count = this.#count ? [this.#count] : []
    const contents: Partial<Record<Layer, () => Node[]>> = {
      skeleton: () => [make('div', { className: 'bars' }), message(still ? text.stillLoading : text.loading)],
      preview: () => [heading(text.label), make('bdi', { part: 'details' }, eventId), message(text.preview)],
      problem: () => {
        const buttons: Node[] = [retry]
        if (topic === 'signIn') buttons.unshift(this.#signIn(model))
        if (topic === 'blocked') buttons.unshift(tab)
        if (code === 'frame-timeout') buttons.push(tab)
        return [
          heading(title),
          message(words),
          ...count,
          make('div', { className: 'row' }, ...buttons),
          make('code', { part: 'details' }, code!),
        ]
      },
    }
    const trouble = status === 'refreshing' && topic !== 'offline' ? text.renewing : title
    const root = this.#box.getRootNode() as ShadowRoot
    const held = root.activeElement?.matches('.button')
    this.#box.lang = language
    this.#box.ariaLabel = text.label
    this.#panel.hidden = layer === 'chat'
    this.#panel.replaceChildren(...(contents[layer]?.() ?? []), make('slot', { name: 'placeholder' }))
    this.#banner.hidden = !banner
    this.#banner.replaceChildren(...(banner ? [message(trouble), ...count, retry] : []))
    this.#help.hidden = !help || status === 'preview'
    this.#help.replaceChildren(
      make('summary', {}, text.help),
      make(
        'div',
        { className: 'row' },
        button(text.reload),
        button(text.openInTab, openInTab),
        button(text.copyReport, copyReport),
      ),
    )
    if (held) root.querySelector<HTMLElement>('div .button, iframe:not([inert])')?.focus()

    if (banner) write(this.#status, trouble!)
    else if (layer === 'problem') write(this.#status, `${title}. ${words}`)
    else if (layer === 'chat' && this.#status.textContent) write(this.#status, text.restored)
  }

  #signIn({ text, signinUrl: href }: ViewModel): HTMLElement {
    // a button has no address: it keeps this one to itself
    const look = { className: 'button', part: 'button', href: href! }
    const button = make(href ? 'a' : 'button', look, text.signInButton)
    return make('slot', { name: 'signin', onclick: this.#actions.signIn }, button)
  }
}

/** What says the same is not said again. */
function write(element: Element, words: string): void {
  if (element.textContent !== words) element.textContent = words
}
