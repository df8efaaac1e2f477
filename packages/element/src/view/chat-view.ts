import { canPass } from '../problem.js'
import type { ChatState } from '../session/chat-state.js'
import { SteadyClock } from '../session/steady-clock.js'
import { TOPICS, type Messages } from './messages.js'

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
  /** The developer's panel, or null. */
  debug: string | null
}

export interface ViewActions {
  retry(): void
  reload(): void
  signIn(event: Event): void
  openInTab(): void
  /** The report for support, without secrets. */
  report(): string
}

type Layer = 'blank' | 'skeleton' | 'preview' | 'problem' | 'chat'

/**
 * What the visitor sees around the frame. Built once; repainted when the state changes and when a moment comes that
 * changes the picture, for which it has its one timer. Text only, no markup: it passes any policy of the page.
 */
export class ChatView {
  readonly stage = make('div', { className: 'stage' })
  readonly #actions: ViewActions
  readonly #clock = new SteadyClock()
  readonly #box = make('section', { className: 'box' })
  readonly #panel = make('div', { className: 'panel', part: 'panel' })
  readonly #content = make('div', { className: 'row', style: 'display:contents' })
  readonly #banner = make('div', { className: 'banner', part: 'banner', hidden: true })
  // in the document before its text, or a screen reader says nothing (WCAG 2.2, 4.1.3)
  readonly #status = make('div', { className: 'status', role: 'status' })
  readonly #help = make('details', { className: 'help', hidden: true })
  readonly #debug = make('pre', { part: 'details', hidden: true, tabIndex: 0 })
  #model!: ViewModel
  #timer: ReturnType<typeof setTimeout> | undefined
  #layer: Layer = 'blank'
  #drawn = ''
  #waitingSince = 0
  #skeletonSince = 0
  #troubleSince = 0
  #retryAt = 0
  #count: HTMLElement | null = null

  constructor(root: ShadowRoot, actions: ViewActions) {
    this.#actions = actions
    this.#panel.append(this.#content, make('slot', { name: 'placeholder' }))
    this.stage.append(this.#panel)
    this.#box.append(this.#banner, this.stage, this.#help, this.#status)
    root.append(this.#box, this.#debug, make('slot'))
  }

  render(model: ViewModel): void {
    const before = this.#model as ViewModel | undefined
    this.#model = model
    const { state, text, language } = model
    const { problem } = state
    const now = this.#clock.now()
    const waits = (m: ViewModel | undefined) =>
      !!m && !m.state.framed && !m.state.problem && m.state.status !== 'preview'
    const troubled = (m: ViewModel | undefined) => !!m?.state.framed && !!m.state.problem
    if (waits(model) && !waits(before)) this.#waitingSince = now
    if (troubled(model) && !troubled(before)) this.#troubleSince = now
    if (problem && problem !== before?.state.problem) this.#retryAt = now + (problem.retryInMs ?? 0)
    this.#box.lang = language
    this.#box.ariaLabel = text.label
    this.#box.ariaBusy = String(state.status === 'loading')
    this.#drawHelp()
    this.#debug.hidden = model.debug === null
    if (model.debug !== null && this.#debug.textContent !== model.debug) this.#debug.textContent = model.debug
    this.#paint()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#layer = 'blank'
    this.#skeletonSince = 0
  }

  /** Draws what this moment calls for, and comes back when another one does. */
  #paint(): void {
    clearTimeout(this.#timer)
    const now = this.#clock.now()
    const moments: number[] = []
    const since = (start: number, ms: number) => {
      if (now >= start + ms) return true
      moments.push(start + ms)
      return false
    }
    const { state } = this.#model
    const { problem, framed } = state
    const held = this.#layer === 'skeleton' && !since(this.#skeletonSince, SKELETON_LEAST_MS)
    let layer: Layer = 'blank'
    if (state.status === 'preview') layer = 'preview'
    else if (held) layer = 'skeleton'
    else if (framed) layer = 'chat'
    else if (problem) layer = 'problem'
    else if (since(this.#waitingSince, SKELETON_AFTER_MS)) layer = 'skeleton'
    if (layer === 'skeleton' && this.#layer !== layer) this.#skeletonSince = now
    this.#layer = layer
    const still = layer === 'skeleton' && since(this.#waitingSince, STILL_LOADING_AFTER_MS)
    const banner = framed && !!problem && since(this.#troubleSince, BANNER_AFTER_MS)

    this.#draw(layer, still, banner)
    if (this.#count) {
      const seconds = Math.max(0, Math.ceil((this.#retryAt - now) / 1000))
      const time = new Intl.RelativeTimeFormat(this.#model.language).format(seconds, 'second')
      this.#count.textContent = this.#model.text.retryAt.replace('{time}', time)
      if (seconds > 0) moments.push(this.#retryAt - (seconds - 1) * 1000)
    }
    if (moments.length) this.#timer = setTimeout(() => this.#paint(), Math.max(0, Math.min(...moments) - now))
  }

  /** Rebuilds the parts whose content changes, and only then, so that no focus and no announcement is lost. */
  #draw(layer: Layer, still: boolean, banner: boolean): void {
    const { state, language, eventId, signinUrl } = this.#model
    const { problem } = state
    const key = [layer, still, banner, language, problem?.code, this.#countsDown, eventId, signinUrl].join()
    if (key === this.#drawn) return
    const spoke = !this.#banner.hidden || this.#drawn.startsWith('problem')
    this.#drawn = key
    this.#count = null

    const root = this.#box.getRootNode() as ShadowRoot
    const active = root.activeElement
    const inside = !!active && (this.#content.contains(active) || this.#banner.contains(active))
    this.#content.replaceChildren(...this.#panelContent(layer, still))
    this.#panel.hidden = layer === 'chat'
    this.#banner.replaceChildren(...(banner ? this.#bannerContent() : []))
    this.#banner.hidden = !banner
    if (inside)
      root.querySelector<HTMLElement>('.banner .button, .panel .button, iframe:not([inert])')?.focus()

    if (layer === 'problem' || banner) this.#say(banner ? this.#bannerText : this.#topic.join('. '))
    else if (spoke && layer === 'chat') this.#say(this.#model.text.restored)
  }

  #say(words: string): void {
    if (this.#status.textContent !== words) this.#status.textContent = words
  }

  get #topic(): readonly [string, string] {
    const { state, text } = this.#model
    return text[TOPICS[state.problem!.code]]
  }

  get #countsDown(): boolean {
    return (this.#model.state.problem?.retryInMs ?? 0) >= COUNTDOWN_FROM_MS
  }

  #panelContent(layer: Layer, still: boolean): Node[] {
    const { state, text, eventId } = this.#model
    const heading = (words: string) => make('h2', { part: 'heading' }, words)
    const message = (words: string) => make('p', { part: 'message' }, words)
    if (layer === 'skeleton')
      return [make('div', { className: 'bars' }), message(still ? text.stillLoading : text.loading)]
    if (layer === 'preview') {
      return [
        heading(text.previewHeading),
        make('bdi', { part: 'details' }, eventId),
        message(text.previewMessage),
      ]
    }
    if (layer !== 'problem') return []
    const { code } = state.problem!
    const [title, words] = this.#topic
    return [
      heading(title),
      message(words),
      ...this.#countdown(),
      make('div', { className: 'row' }, ...this.#buttons()),
      make('p', { part: 'details' }, make('code', {}, code)),
    ]
  }

  #buttons(): Node[] {
    const { state, text, signinUrl } = this.#model
    const { code } = state.problem!
    const topic = TOPICS[code]
    const retry = this.#button(this.#countsDown ? text.retryNow : text.retry, () => this.#actions.retry())
    if (topic === 'setup') return []
    if (topic === 'signIn') {
      const slot = make('slot', { name: 'signin' })
      const link = signinUrl
        ? make('a', { className: 'button', part: 'button', href: signinUrl }, text.signInButton)
        : this.#button(text.signInButton)
      link.classList.add('primary')
      slot.append(link)
      slot.addEventListener('click', (event) => this.#actions.signIn(event))
      return [slot, retry]
    }
    retry.classList.add('primary')
    const openable = topic === 'blocked' || code === 'frame-timeout'
    return openable ? [retry, this.#button(text.openInTab, () => this.#actions.openInTab())] : [retry]
  }

  get #bannerText(): string {
    const { state, text } = this.#model
    const { code } = state.problem!
    if (code === 'offline') return text.offline[0]
    if (code === 'token-expired') return text.connectionExpired
    return canPass(code) ? text.connectionLost : text.refreshFailed
  }

  #bannerContent(): Node[] {
    const { text } = this.#model
    return [
      make('span', { part: 'message' }, this.#bannerText),
      ...this.#countdown(),
      this.#button(text.retryNow, () => this.#actions.retry()),
    ]
  }

  /** The ticking number is for the eye: read aloud each second it would drown the chat. */
  #countdown(): Node[] {
    if (!this.#countsDown) return []
    this.#count = make('span', { ariaHidden: 'true' })
    return [this.#count]
  }

  #drawHelp(): void {
    const { text, help, language, state } = this.#model
    this.#help.hidden = !help || state.status === 'preview'
    if (this.#help.hidden || this.#help.lang === language) return
    this.#help.lang = language
    const copy = this.#button(text.copyReport, () => {
      const report = this.#actions.report()
      void navigator.clipboard.writeText(report).then(
        () => (copy.textContent = text.copied),
        // no clipboard on a page without TLS: shown, to be copied by hand
        () => this.#help.append(make('pre', { tabIndex: 0 }, report)),
      )
    })
    this.#help.replaceChildren(
      make('summary', {}, text.help),
      make(
        'div',
        { className: 'row' },
        this.#button(text.reload, () => this.#actions.reload()),
        this.#button(text.openInTab, () => this.#actions.openInTab()),
        copy,
      ),
    )
  }

  #button(words: string, press?: () => void): HTMLButtonElement {
    const button = make('button', { type: 'button', className: 'button', part: 'button' }, words)
    if (press) button.addEventListener('click', press)
    return button
  }
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  {
    part,
    style,
    ...properties
  }: Partial<Omit<HTMLElementTagNameMap[K], 'part' | 'style'>> & { part?: string; style?: string } = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  Object.assign(element, properties)
  if (part) element.part.add(part)
  if (style) element.style.cssText = style
  element.append(...children)
  return element
}
