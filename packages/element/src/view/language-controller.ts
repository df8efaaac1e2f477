import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { hostOf, rootOf } from '../platform.js'
import { addMessages, languageOf, messagesIn, type Messages, type SomeMessages } from './messages.js'

/** The elements on pages, whose words may change under them. */
const hosts = new Set<ReactiveControllerHost>()

/** Adds a language, or changes texts of one that is there, and draws every chat anew. */
export function addTexts(language: string, messages: SomeMessages): void {
  addMessages(language, messages)
  for (const host of hosts) host.requestUpdate()
}

/** The element's language and its texts, which follow the nearest `lang` through shadow roots. */
export class LanguageController implements ReactiveController {
  language = 'en'
  readonly #host: ReactiveControllerHost & Element
  readonly #wanted: () => unknown[]
  readonly #changes: MutationObserver

  /** @param wanted the languages that are wished for, the first one first */
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
    for (let host: Element | undefined = this.#host; host;) {
      const root = rootOf(host)
      this.#changes.observe(root, { attributeFilter: ['lang'], subtree: true })
      host = hostOf(root)
    }
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
