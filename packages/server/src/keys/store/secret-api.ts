import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { ApiException, CoreV1Api, RequestContext, V1Secret, V1Status } from '@kubernetes/client-node'
import { readCapped, startDeadline, raceWithSignal } from '../../net/limits.js'
import { errorCode, importWithPeer, OperatorProblem } from '../../problem.js'
import type { SecretName } from './key-store.js'

/** For one call. */
const TIMEOUT_MS = 10_000
/** A Secret holds 1 MiB at most; base64 and metadata come on top. */
const MAX_BYTES = 4 * 1_048_576

export type { V1Secret }

/** One Secret of the cluster that `KUBECONFIG`, `~/.kube/config` or the pod's service account names. */
export interface SecretApi {
  /** null: there is none. */
  read(signal?: AbortSignal): Promise<V1Secret | null>
  /** Compare-and-swap by `resourceVersion`; null: another process has written in the meantime. */
  replace(secret: V1Secret): Promise<V1Secret | null>
  /** null: there is one already. */
  create(secret: V1Secret): Promise<V1Secret | null>
}

type Verb = 'get' | 'update' | 'create'

/** Loads the client library on first use: it is large, and optional. */
export function secretApi({ namespace, name }: SecretName, timeoutMs = TIMEOUT_MS): SecretApi {
  let client: Promise<Client> | null = null
  const connected = () =>
    (client ??= connect().catch((error: unknown) => {
      client = null // a missing kubeconfig or token may be there at the next call
      throw error
    }))

  async function call(
    verb: Verb,
    expectedStatus: number,
    run: (api: CoreV1Api) => Promise<V1Secret>,
    signal?: AbortSignal,
  ): Promise<V1Secret | null> {
    const deadline = startDeadline(timeoutMs, signal)
    try {
      // a credential plugin of the kubeconfig ignores the signal, so the race ends the wait for it
      const work = connected().then((open) => run(open(deadline.signal)))
      const secret = await raceWithSignal(work, deadline.signal)
      if (!isSecret(secret, { namespace, name }))
        throw new UnexpectedResponse('the response is not the Secret')
      return secret
    } catch (error) {
      if (error instanceof OperatorProblem) throw error
      if (error instanceof UnexpectedResponse) throw unavailable(verb, error.message)
      if (deadline.signal.aborted) {
        throw unreachable(
          verb,
          deadline.expired ? `no response in ${timeoutMs} ms` : 'the command was stopped',
        )
      }
      const { code, body } = error as Partial<ApiException<V1Status | string>>
      if (code === expectedStatus) return null
      if (code === 401 || code === 403) throw forbidden(verb, code)
      if (typeof code === 'number') throw unavailable(verb, `status ${code}${reasonOf(body)}`)
      throw unreachable(verb, causeOf(error))
    } finally {
      deadline.clear()
    }
  }

  /** Reads a write back: a proxy can answer any request with 2xx, and a lost key can't be recovered. */
  async function write(
    verb: 'update' | 'create',
    body: V1Secret,
    run: (api: CoreV1Api) => Promise<V1Secret>,
  ): Promise<V1Secret | null> {
    const written = await call(verb, 409, run)
    if (!written) return null
    const stored = await read()
    if (stored && isSameData(stored, body)) return stored
    // another process may have written after us; its version differs from ours
    if (stored && stored.metadata?.resourceVersion !== written.metadata?.resourceVersion) return null
    throw unavailable(verb, 'the Secret does not contain what was written')
  }

  const read = (signal?: AbortSignal) =>
    call('get', 404, (api) => api.readNamespacedSecret({ namespace, name }), signal)

  const where = `the Secret ${namespace}/${name}`
  // the API server may quote the Secret in its message, so only the status and the reason are shown
  const unavailable = (verb: Verb, why: string) =>
    new OperatorProblem(
      'key-secret-unavailable',
      `the cluster did not ${verb} ${where} (${why})`,
      'Check the cluster’s API server and any proxy before it. Then run the command again; it continues safely.',
    )
  const forbidden = (verb: Verb, status: number) =>
    new OperatorProblem(
      'key-secret-forbidden',
      `this account may not ${verb} ${where} (${status})`,
      verb === 'create'
        ? `Create an empty Secret once: \`kubectl -n ${namespace} create secret generic ${name}\`.`
        : `Give it a Role for ${verb} on secrets with resourceNames [${name}], as in deploy/kubernetes/base/reconcile.yaml.`,
    )
  const unreachable = (verb: Verb, why: string) =>
    new OperatorProblem(
      'key-secret-unreachable',
      `can’t reach the cluster’s API to ${verb} ${where} (${why})`,
      'Check KUBECONFIG; in a pod, automountServiceAccountToken and the network policy. Then run the command again.',
    )

  return {
    read,
    replace: (body) => write('update', body, (api) => api.replaceNamespacedSecret({ namespace, name, body })),
    create: (body) => write('create', body, (api) => api.createNamespacedSecret({ namespace, body })),
  }
}

class UnexpectedResponse extends Error {}

function isSecret(value: unknown, { namespace, name }: SecretName): boolean {
  const { metadata, data } = (value ?? {}) as Partial<V1Secret>
  const isNamed = metadata?.name === name && metadata.namespace === namespace
  const hasData = data === undefined || data === null || typeof data === 'object'
  return isNamed && typeof metadata.resourceVersion === 'string' && hasData
}

function isSameData(one: V1Secret, other: V1Secret): boolean {
  const text = ({ data = {} }: V1Secret) => JSON.stringify(Object.entries(data).sort())
  return text(one) === text(other)
}

type Client = (signal: AbortSignal) => CoreV1Api

async function connect(): Promise<Client> {
  const library = await importWithPeer(
    '@kubernetes/client-node',
    'CHAT_KEY_SECRET',
    () => import('@kubernetes/client-node'),
  )
  const {
    CoreV1Api,
    createConfiguration,
    KubeConfig,
    ResponseContext,
    ServerConfiguration,
    wrapHttpLibrary,
  } = library
  const config = new KubeConfig()
  config.loadFromDefault()
  const server = config.getCurrentCluster()?.server
  if (server === undefined) throw new Error('no current cluster')
  return (signal) =>
    new CoreV1Api(
      createConfiguration({
        baseServer: new ServerConfiguration(server, {}),
        authMethods: { default: config },
        // the library's own follows redirects, with the Secret and the account's token
        httpApi: wrapHttpLibrary({
          async send(request) {
            const { status, headers, body } = await send(request, signal)
            return new ResponseContext(status, headers, {
              text: () => Promise.resolve(body.toString()),
              binary: () => Promise.resolve(body),
            })
          },
        }),
      }),
    )
}

/** Sends one request by node:http, which follows no redirect. */
async function send(
  context: RequestContext,
  signal: AbortSignal,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
  const url = new URL(context.getUrl())
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: context.getHttpMethod(),
    headers: context.getHeaders(),
    agent: context.getAgent(),
    signal,
  })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).on('error', reject)
    request.end(context.getBody())
  })
  const { bytes, truncated } = await readCapped(response, MAX_BYTES, signal)
  const status = response.statusCode ?? 0
  if (truncated) throw new UnexpectedResponse(`the response has more than ${MAX_BYTES} bytes`)
  if (status < 300 && !/\bjson\b/i.test(response.headers['content-type'] ?? '')) {
    throw new UnexpectedResponse(`status ${status}, but not JSON`)
  }
  return { status, headers: plain(response.headers), body: Buffer.from(bytes) }
}

const plain = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )

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
  const code = errorCode(error)
  return code !== undefined && /^\w{1,40}$/.test(code) ? code : 'the connection failed'
}
