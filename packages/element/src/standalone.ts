/**
 * The file that a page loads with one tag: registers the element, takes the page's defaults from its own tag, and
 * upgrades marked links and divs once the page is parsed. The build ends it at once where another copy was first.
 */
import { tryOrUndefined, baseOf, ofDocument } from './platform.js'
import { KinescopeChatElement, onPage, register } from './kinescope-chat-element.js'
import { httpUrl } from './frame/chat-url.js'
import { findOwnScript } from './placing/own-script.js'
import { watch } from './placing/upgrade.js'

if (onPage()) start()

function start(): void {
  const { settings, address } = findOwnScript()
  const { tokenUrl, identity, language, chatOrigin, upgrade, docs } = settings
  const defaults = {
    tokenUrl: (tokenUrl ? httpUrl(tokenUrl, baseOf()) : httpUrl('token', address))?.href,
    identity,
    language,
    chatOrigin,
    upgrade,
    docs,
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
