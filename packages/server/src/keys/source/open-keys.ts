import { ConfigProblem, OperatorProblem } from '../../problem.js'
import { type KeySource, fixedKeySource } from '../../token/signing-key.js'
import type { KeyConfig } from '../store/key-store.js'
import { loadPrivateKey } from '../private-key.js'
import { ringKeySource, type FollowOptions, type KeyNote } from './ring-key-source.js'

export interface OpenKeys extends KeySource {
  /** What is wrong at the moment, though there may be a key to sign with. */
  notes(): KeyNote[]
  reload(): Promise<void>
  close(): void
}

export interface KeyOptions {
  key: KeyConfig
  passphrase: string | undefined
  /** Seconds. */
  tokenTtl: number
}

/**
 * Opens what signs: the ring in its store, or the one key of `CHAT_PRIVATE_KEY`.
 * @throws ConfigProblem naming the setting; OperatorProblem where the ring is damaged
 */
export async function openKeys(
  { key, passphrase, tokenTtl }: KeyOptions,
  options: Pick<FollowOptions, 'onReload' | 'onSigner'> & { pollMs?: number | undefined } = {},
): Promise<OpenKeys> {
  if ('privateKey' in key) {
    const source = fixedKeySource({
      kid: key.kid,
      privateKey: await load(key.privateKey, passphrase),
      expiresAt: null,
    })
    return { ...source, notes: () => [], reload: () => Promise.resolve(), close: () => undefined }
  }
  const { pollMs, ...listeners } = options
  const source = await ringKeySource({
    ...key,
    ...listeners,
    passphrase,
    ...(pollMs === undefined ? {} : { pollMs }),
  })
  const { maxTokenTtl, keys } = source.ring
  if (keys.length > 0 && tokenTtl > maxTokenTtl) {
    source.close()
    throw new ConfigProblem([
      {
        name: 'CHAT_TOKEN_TTL',
        message: `is ${tokenTtl}, but the key ring keeps a retired key registered for tokens of ${maxTokenTtl} s at most.`,
        remediation: `Run kinescope-chat-server keys reconcile with this CHAT_TOKEN_TTL, or write CHAT_TOKEN_TTL=${maxTokenTtl}`,
      },
    ])
  }
  return source
}

async function load(privateKey: string, passphrase: string | undefined) {
  try {
    return (await loadPrivateKey(privateKey, { passphrase })).privateKey
  } catch (error) {
    if (!(error instanceof OperatorProblem)) throw error
    const { message, remediation } = error
    throw new ConfigProblem([
      { name: 'CHAT_PRIVATE_KEY', message: `can't be used: ${message}.`, remediation },
    ])
  }
}
