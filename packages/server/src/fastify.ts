/** `kinescope-chat-server/fastify`: the plugin and what its options take, without the rest of the server. */
export * from './web.js'
export { kinescopeChat, type KinescopeChatOptions } from './adapters/fastify.js'
export {
  ringKeySource,
  type FollowOptions,
  type KeyNote,
  type RingKeySource,
  type RingKeySourceOptions,
} from './keys/source/ring-key-source.js'
export type { KeyStoreLocation, SecretName } from './keys/store/key-store.js'
export { OperatorProblem } from './problem.js'
