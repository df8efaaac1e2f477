/**
 * The file that a page loads with one tag: registers the element, takes the page's defaults from its own tag, and
 * upgrades marked links and divs once the page is parsed. The build ends it at once where another copy was first.
 */
import { baseOf, ofDocument, own, tryOrUndefined } from './platform.js'
import { KinescopeChatElement } from './kinescope-chat-element.js'
import { onPage, register } from './register.js'
import { httpUrl } from './frame/chat-url.js'
import type { PageDefaults } from './settings.js'
import { findOwnScript } from './placing/own-script.js'
import { watch } from './placing/upgrade.js'

/** The settings of the script's tag, as `data-…`. */
const NAMES = ['tokenUrl', 'identity', 'language', 'chatOrigin', 'upgrade', 'report', 'docs']

if (onPage()) start()

function start(): void {
  const { settings, address } = findOwnScript()
  const { tokenUrl, ...others } = Object.fromEntries(
    NAMES.map((name) => [name, own(settings, name)]),
  ) as PageDefaults
  const defaults: PageDefaults = {
    ...others,
    ...(tokenUrl
      ? { tokenUrl: httpUrl(tokenUrl, baseOf())?.href }
      : { scriptTokenUrl: httpUrl('token', address)?.href }),
  }
  // before any chat on the page begins
  KinescopeChatElement.defaults = defaults
  const Chat = register()
  Chat.defaults = defaults
  // set and not defined anew: an `<a id="KinescopeChat">` gives way, and a page's `var KinescopeChat` can be no more than set;
  // what can't be set either stays the page's, and the chats come all the same
  tryOrUndefined(() => Object.assign(globalThis, { KinescopeChat: Chat }))
  whenParsed(() => watch(() => Chat.defaults))
}

/** Optimizers hold events back or rename them: the first signal counts. */
function whenParsed(work: () => void): void {
  const signals = ['readystatechange', 'DOMContentLoaded', 'load']
  const look = () => {
    if (ofDocument('readyState') === 'loading') return
    for (const signal of signals) removeEventListener(signal, look, true)
    work()
  }
  for (const signal of signals) addEventListener(signal, look, true)
  look()
}
