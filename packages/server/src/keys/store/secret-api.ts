import type {
  ApiException,
  ConfigurationOptions,
  CoreV1Api,
  V1Secret,
  V1Status,
} from '@kubernetes/client-node'
import { OperatorProblem } from '../../problem.js'
import type { SecretName } from './key-store.js'

/** For one call; the cluster's own API is near. */
const TIMEOUT_MS = 10_000

export type { V1Secret }

/** One Secret of a cluster: the one that `KUBECONFIG`, `~/.kube/config` or the pod's service account leads to. */
export interface SecretApi {
  /** null: there is none. */
  read(signal?: AbortSignal): Promise<V1Secret | null>
  /** Only over the version it was read at (`resourceVersion`); null: somebody else has written meanwhile. */
  replace(secret: V1Secret): Promise<V1Secret | null>
  /** null: there is one by now. */
  create(secret: V1Secret): Promise<V1Secret | null>
}

/** The client library is large, and only those who keep their keys in a cluster load it. */
export function secretApi({ namespace, name }: SecretName, timeoutMs = TIMEOUT_MS): SecretApi {
  let client: Promise<Cluster> | null = null
  const core = () =>
    (client ??= connect().catch((error: unknown) => {
      client = null // a kubeconfig or a token that is missing may come
      throw error
    }))

  async function call<T>(
    verb: 'get' | 'update' | 'create',
    nothing: number,
    run: (api: CoreV1Api, options: ConfigurationOptions) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | null> {
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const { api, until } = await core()
      const end = signal ? AbortSignal.any([signal, deadline]) : deadline
      // a program of the kubeconfig's that hands out credentials knows nothing of the signal
      return await Promise.race([run(api, until(end)), ended(end)])
    } catch (error) {
      const { code, body } = error as Partial<ApiException<V1Status | string>>
      if (code === nothing) return null
      throw typeof code === 'number'
        ? refused(verb, code, reasonOf(body))
        : unreachable(verb, deadline.aborted ? `no answer within ${timeoutMs} ms` : causeOf(error))
    }
  }

  // what the API server says may quote the Secret: a word and a number of it are enough
  const refused = (verb: string, status: number, reason: string) =>
    status === 401 || status === 403
      ? new OperatorProblem(
          'key-secret-forbidden',
          `the cluster refuses to ${verb} the Secret ${namespace}/${name} (${status})`,
          verb === 'create'
            ? `Make it once yourself, empty: \`kubectl -n ${namespace} create secret generic ${name}\`.`
            : `Let this account ${verb} it: a Role on secrets with resourceNames [${name}] (deploy/kubernetes/reconcile.yaml has one).`,
        )
      : new OperatorProblem(
          'key-secret-unavailable',
          `the cluster couldn’t ${verb} the Secret ${namespace}/${name} (${status}${reason})`,
          'Look at the cluster’s API server; then run the command again: it goes on from here.',
        )
  const unreachable = (verb: string, why: string) =>
    new OperatorProblem(
      'key-secret-unreachable',
      `the cluster’s API can’t be reached to ${verb} the Secret ${namespace}/${name} (${why})`,
      'Check KUBECONFIG, or in a pod automountServiceAccountToken and the network policy; then run the command again.',
    )

  return {
    read: (signal) =>
      call('get', 404, (api, options) => api.readNamespacedSecret({ namespace, name }, options), signal),
    replace: (body) =>
      call('update', 409, (api, options) => api.replaceNamespacedSecret({ namespace, name, body }, options)),
    create: (body) =>
      call('create', 409, (api, options) => api.createNamespacedSecret({ namespace, body }, options)),
  }
}

const ended = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const end = () => reject(new Error('ended'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })

interface Cluster {
  api: CoreV1Api
  /** The library knows no deadline of its own. */
  until: (signal: AbortSignal) => ConfigurationOptions
}

async function connect(): Promise<Cluster> {
  const { CoreV1Api, KubeConfig, Observable } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromDefault()
  const instantly = <T>(value: T) => new Observable(Promise.resolve(value))
  return {
    api: config.makeApiClient(CoreV1Api),
    until: (signal) => ({
      middlewareMergeStrategy: 'append',
      middleware: [
        {
          pre: (context) => {
            context.setSignal(signal)
            return instantly(context)
          },
          post: instantly,
        },
      ],
    }),
  }
}

function reasonOf(body: V1Status | string | undefined): string {
  let status = body
  try {
    if (typeof body === 'string') status = JSON.parse(body) as V1Status
  } catch {
    return ''
  }
  const reason = typeof status === 'object' ? status.reason : undefined
  return typeof reason === 'string' && /^\w{1,40}$/.test(reason) ? `, ${reason}` : ''
}

function causeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'the connection failed'
}
