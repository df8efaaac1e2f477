/** `kinescope-chat-server`: the token endpoint for Node, and everything of `kinescope-chat-server/web`. */
export * from './web.js'
export { readServeConfig, type ServeConfig } from './config.js'
export { createNodeHandler, type NodeHandlerOptions } from './endpoint/node-handler.js'
export { kinescopeChat, type KinescopeChatOptions } from './endpoint/fastify-plugin.js'
export {
  ringKeySource,
  type FollowOptions,
  type KeyNote,
  type RingKeySource,
  type RingKeySourceOptions,
} from './keys/ring-key-source.js'
export type { KeyPlace, SecretName } from './keys/key-store.js'
export { ConfigProblem, OperatorProblem, type SettingProblem } from './problem.js'
export { startServer, type RunningServer, type StartOptions } from './serve.js'
export { setup, snippetFor, type SetupConfig, type SetupOptions, type SetupResult } from './cli/setup.js'
export { diagnose, type DoctorQuestion } from './doctor/doctor.js'
export type { Finding } from './doctor/finding.js'
export type { KeyAction } from './keys/steps.js'
export { KinescopeApi, type KinescopeApiOptions } from './kinescope/api-client.js'
export { KinescopeError } from './kinescope/kinescope-error.js'
