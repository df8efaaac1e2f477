/** `kinescope-chat-server`: the token endpoint for Node, and everything of `kinescope-chat-server/web`. */
export * from './web.js'
export { readServeConfig, type ServeConfig } from './config.js'
export { createNodeHandler, type NodeHandlerOptions } from './endpoint/node-handler.js'
export { kinescopeChat, type KinescopeChatOptions } from './endpoint/fastify-plugin.js'
export { ringKeySource, type RingKeySource, type RingKeySourceOptions } from './keys/ring-key-source.js'
export { ConfigProblem, OperatorProblem, type SettingProblem } from './problem.js'
export { startServer, type RunningServer, type StartOptions } from './serve.js'
