import { KinescopeChatElement } from './kinescope-chat-element.js'
import { onPage, register } from './register.js'

if (onPage()) register()

export { KinescopeChatElement }
