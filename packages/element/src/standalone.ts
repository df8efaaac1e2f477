/**
 * The file that a page loads with one tag: registers the element, takes the page's defaults from its own tag, and
 * upgrades marked links and divs once the page is parsed.
 */
import './define.js'
import type { KinescopeChatElement } from './kinescope-chat-element.js'

const page = globalThis as { KinescopeChat?: typeof KinescopeChatElement }
if (typeof window !== 'undefined' && !page.KinescopeChat) {
  // where another copy was first, the page's defaults are for that one
  const Chat = (page.KinescopeChat = customElements.get('kinescope-chat') as typeof KinescopeChatElement)
  const { currentScript, scripts } = document
  const own = (currentScript ?? [...scripts].find(({ src }) => src === import.meta.url)) as
    HTMLScriptElement | null | undefined
  const { tokenUrl, identity, language, chatOrigin, upgrade } = own?.dataset ?? {}
  const src = own?.src || import.meta.url
  Chat.defaults = {
    tokenUrl: tokenUrl ?? (src && new URL('token', src).href),
    identity,
    language,
    chatOrigin,
    upgrade,
  }
  const parsed = () => Chat.upgrade()
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', parsed)
  else parsed()
}
