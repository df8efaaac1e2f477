import { Chat } from '../../examples/react/chat.js'
import { start } from './react-entry.js'

start(Chat)
