import { isPage, KinescopeChatElement, register } from './kinescope-chat-element.js'

if (isPage()) register()

export { KinescopeChatElement }
