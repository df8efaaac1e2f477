/** `kinescope-chat-server`: the token endpoint for Node, and everything of `kinescope-chat-server/web`. */
export * from './web.js'
export { readServeConfig, type ServeConfig } from './config.js'
export { createNodeHandler, type NodeHandler, type NodeHandlerOptions } from './adapters/node.js'
export { kinescopeChat, type KinescopeChatOptions } from './adapters/fastify.js'
export {
  ringKeySource,
  type FollowOptions,
  type KeyNote,
  type ReloadResult,
  type RingKeySource,
  type RingKeySourceOptions,
} from './keys/source/ring-key-source.js'
export type { KeyConfig, KeyStoreLocation, SecretName } from './keys/store/key-store.js'
export { ConfigProblem, OperatorProblem, type SettingProblem } from './problem.js'
export { startServer, type RunningServer, type StartOptions } from './serve/server.js'
export { setup, snippetFor, type SetupConfig, type SetupOptions, type SetupResult } from './setup.js'
export { diagnose, type DoctorQuestion, type ServerSettings, type Visitor } from './doctor/doctor.js'
export type { Finding, FindingStatus } from './doctor/finding.js'
export type { IdentityConfig, SourceConfig } from './identity/identity-config.js'
export type { SourceKind } from './identity/source-kinds.js'
export type { ManualRequest } from './keys/by-hand.js'
export type { KeyRecord, KeyRing } from './keys/key-ring.js'
export type { KeyAction } from './keys/steps.js'
export {
  KinescopeApi,
  type ApiAnswer,
  type ApiCall,
  type KinescopeApiOptions,
} from './kinescope/api-client.js'
export type { JwtChange, StreamEvent } from './kinescope/event-api.js'
export { KinescopeError, type KinescopeCode } from './kinescope/kinescope-error.js'
export type { RateLimitConfig } from './setting-parsers.js'
export type { Environment } from './setting-reader.js'
