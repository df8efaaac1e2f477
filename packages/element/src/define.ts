import { KinescopeChatElement, onPage, register } from './kinescope-chat-element.js'

if (onPage()) register()

export { KinescopeChatElement }
