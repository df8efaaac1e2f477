import { canPass, PROBLEMS } from '../problem.js'
import type { ChatState } from '../session/chat-state.js'
import { SteadyClock } from '../session/steady-clock.js'
import { make } from './make.js'
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

export interface ViewModel {
  state: ChatState
  text: Messages
  language: string
  eventId: string
  signinUrl: string | undefined
  /** Whether "Chat not working?" is offered. */
  help: boolean
  /** The developer's panel, or nothing. */
  debug: string
}

export interface ViewActions {
  retry: () => void
  signIn: (event: Event) => void
  openInTab: () => void
  copyReport: () => void
}

type Layer = '' | 'skeleton' | 'preview' | 'problem' | 'chat'

/**
 * What the visitor sees around the frame. Repainted when the state changes, and by its one timer when a moment comes that
 * changes the picture.
 */
export class ChatView {
  readonly stage = make('div', { className: 'stage' })
  readonly #actions: ViewActions
  readonly #clock = new SteadyClock()
  readonly #box: HTMLElement
  readonly #panel = make('div', { className: 'panel', part: 'panel' })
  readonly #banner = make('div', { className: 'row line', part: 'banner' })
  // in the document before its text, or a screen reader says nothing (WCAG 2.2, 4.1.3)
  readonly #status = make('div', { className: 'status', role: 'status' })
  readonly #help = make('details', { className: 'line' })
  readonly #debug = make('pre', { part: 'details', tabIndex: 0 })
  #model!: ViewModel
  #timer: ReturnType<typeof setTimeout> | undefined
  #layer: Layer = ''
  #drawn = ''
  #since = 0
  #skeletonSince = 0
  #retryAt = 0
  #count: HTMLElement | undefined

  constructor(root: ShadowRoot, actions: ViewActions) {
    this.#actions = actions
    this.stage.append(this.#panel)
    this.#box = make('section', { className: 'box' }, this.#banner, this.stage, this.#help, this.#status)
    root.append(this.#box, this.#debug, make('slot'))
  }

  render(model: ViewModel): void {
    const before = this.#model as ViewModel | undefined
    this.#model = model
    const { problem, framed } = model.state
    // a picture's time runs from when the chat came or went, and from when trouble began
    const changed = !before || framed !== before.state.framed || !problem !== !before.state.problem
    if (changed) this.#since = this.#clock.now()
    if (problem !== before?.state.problem) this.#retryAt = this.#clock.now() + (problem?.retryInMs ?? 0)
    this.#paint()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Draws what this moment calls for, and comes back when another one does. */
  #paint(): void {
    clearTimeout(this.#timer)
    const now = this.#clock.now()
    let next = Infinity
    const passed = (moment: number) => {
      if (now < moment) next = Math.min(next, moment)
      return now >= moment
    }
    const { status, problem, framed } = this.#model.state
    let layer: Layer = ''
    if (status === 'preview') layer = status
    else if (this.#layer === 'skeleton' && !passed(this.#skeletonSince + SKELETON_LEAST_MS))
      layer = 'skeleton'
    else if (framed) layer = 'chat'
    else if (problem) layer = 'problem'
    else if (passed(this.#since + SKELETON_AFTER_MS)) layer = 'skeleton'
    if (layer === 'skeleton' && this.#layer !== layer) this.#skeletonSince = now
    this.#layer = layer
    const still = layer === 'skeleton' && passed(this.#since + STILL_LOADING_AFTER_MS)
    const banner = framed && !!problem && passed(this.#since + BANNER_AFTER_MS)

    this.#draw(still, banner)
    if (this.#count) {
      const seconds = Math.max(0, Math.ceil((this.#retryAt - now) / 1000))
      const time = new Intl.RelativeTimeFormat(this.#model.language).format(seconds, 'second')
      this.#count.textContent = this.#model.text.retryAt.replace('{time}', time)
      passed(this.#retryAt - (seconds - 1) * 1000)
    }
    if (next < Infinity) this.#timer = setTimeout(() => this.#paint(), next - now)
  }

  /** Rebuilds only when the content changes, so that no focus and no announcement is lost. */
  #draw(still: boolean, banner: boolean): void {
    const layer = this.#layer
    const { state, text, language, eventId, help, debug, signinUrl } = this.#model
    const { problem, status } = state
    this.#box.ariaBusy = `${status === 'loading'}`
    this.#debug.hidden = !debug
    if (this.#debug.textContent !== debug) this.#debug.textContent = debug
    const counts = (problem?.retryInMs ?? 0) >= COUNTDOWN_FROM_MS
    const key = [layer, still, banner, language, problem?.code, counts, eventId, help, signinUrl].join()
    if (key === this.#drawn) return
    this.#drawn = key

    const root = this.#box.getRootNode() as ShadowRoot
    const held = root.activeElement?.matches('.button')
    const troubled = banner || layer === 'problem'
    this.#count = troubled && counts ? make('span', { ariaHidden: 'true' }) : undefined
    const message = (words: string) => make('p', { part: 'message' }, words)
    const heading = (words: string) => make('h2', { part: 'heading' }, words)
    // the ticking number is for the eye: read aloud each second it would drown the chat
    const count = this.#count ? [this.#count] : []
    const retry = this.#button(counts ? text.retryNow : text.retry, this.#actions.retry)
    const contents: Record<Layer, () => Node[]> = {
      '': () => [],
      chat: () => [],
      skeleton: () => [make('div', { className: 'bars' }), message(still ? text.stillLoading : text.loading)],
      preview: () => [heading(text.label), make('bdi', { part: 'details' }, eventId), message(text.preview)],
      problem: () => {
        const { code } = problem!
        const [topic] = PROBLEMS[code]
        const [title, words] = text[topic]
        const buttons: Node[] =
          topic === 'setup' ? [] : topic === 'signIn' ? [this.#signIn(), retry] : [retry]
        if (topic === 'blocked' || code === 'frame-timeout')
          buttons.push(this.#button(text.openInTab, this.#actions.openInTab))
        return [
          heading(title),
          message(words),
          ...count,
          make('div', { className: 'row' }, ...buttons),
          make('code', { part: 'details' }, code),
        ]
      },
    }
    this.#box.lang = language
    this.#box.ariaLabel = text.label
    this.#panel.hidden = layer === 'chat'
    this.#panel.replaceChildren(...contents[layer](), make('slot', { name: 'placeholder' }))
    this.#banner.hidden = !banner
    this.#banner.replaceChildren(...(banner ? [message(this.#bannerText), ...count, retry] : []))
    this.#help.hidden = !help || status === 'preview'
    this.#help.replaceChildren(
      make('summary', {}, text.help),
      make(
        'div',
        { className: 'row' },
        this.#button(text.reload, this.#actions.retry),
        this.#button(text.openInTab, this.#actions.openInTab),
        this.#button(text.copyReport, this.#actions.copyReport),
      ),
    )
    if (held) root.querySelector<HTMLElement>('div .button, iframe:not([inert])')?.focus()

    const topic = problem && text[PROBLEMS[problem.code][0]]
    if (banner) this.#say(this.#bannerText)
    else if (layer === 'problem') this.#say(topic!.join('. '))
    else if (layer === 'chat' && this.#status.textContent) this.#say(text.restored)
  }

  #say(words: string): void {
    if (this.#status.textContent !== words) this.#status.textContent = words
  }

  get #bannerText(): string {
    const { state, text } = this.#model
    const { code } = state.problem!
    const [topic] = PROBLEMS[code]
    if (topic === 'offline' || topic === 'expired') return text[topic][0]
    return canPass(code) ? text.connectionLost : text.refreshFailed
  }

  #signIn(): HTMLSlotElement {
    const { text, signinUrl } = this.#model
    const properties = { className: 'button', part: 'button' }
    const button = signinUrl
      ? make('a', { ...properties, href: signinUrl }, text.signInButton)
      : make('button', properties, text.signInButton)
    return make('slot', { name: 'signin', onclick: this.#actions.signIn }, button)
  }

  #button(words: string, onclick: () => void): HTMLButtonElement {
    return make('button', { className: 'button', part: 'button', onclick }, words)
  }
}
