import { ServerRenderedChat } from '../../examples/react/server-rendered-chat.js'
import { start } from './react-entry.js'

start(ServerRenderedChat)
