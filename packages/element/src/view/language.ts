import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { hostOf, rootOf } from '../platform.js'
import { addMessages, languageOf, messagesIn, type Messages, type SomeMessages } from './messages.js'

/** The connected elements: added texts change theirs. */
const hosts = new Set<ReactiveControllerHost>()

/** Adds a language or changes texts of one, and updates every chat. */
export function addTexts(language: string, messages: SomeMessages): void {
  addMessages(language, messages)
  for (const host of hosts) host.requestUpdate()
}

/** The element's language and texts. They follow the nearest `lang` across shadow roots. */
export class LanguageController implements ReactiveController {
  language = 'en'
  readonly #host: ReactiveControllerHost & Element
  readonly #wanted: () => unknown[]
  readonly #changes: MutationObserver

  /** @param wanted the requested languages, by preference */
  constructor(host: ReactiveControllerHost & Element, wanted: () => unknown[]) {
    this.#host = host
    this.#wanted = wanted
    this.#changes = new MutationObserver(() => host.requestUpdate())
    host.addController(this)
  }

  get text(): Messages {
    return messagesIn(this.language)
  }

  hostConnected(): void {
    hosts.add(this.#host)
    this.#changes.disconnect()
    for (let node: Element | undefined = this.#host; node; node = hostOf(node))
      this.#changes.observe(rootOf(node), { attributeFilter: ['lang'], subtree: true })
    this.#host.requestUpdate()
  }

  hostDisconnected(): void {
    hosts.delete(this.#host)
    this.#changes.disconnect()
  }

  hostUpdate(): void {
    this.language = languageOf(this.#host, ...this.#wanted())
  }
}
