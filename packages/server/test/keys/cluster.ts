import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RING_FILE, type KeyRing } from '../../src/keys/key-ring.js'
import { secret } from '../secrets.js'

const ACCOUNT_TOKEN = secret('the-token-of-the-service-account')
const PATH = '/api/v1/namespaces/chat/secrets'
type Verb = 'get' | 'update' | 'create'
const VERBS = { GET: 'get', PUT: 'update', POST: 'create' } as const

interface RawResponse {
  status: number
  headers: Record<string, string>
  body: string
}

interface SecretObject {
  metadata: { resourceVersion?: string; annotations?: Record<string, string> }
  data?: Record<string, string>
}

/** An emulated API server for one Secret: TLS with its own CA, accounts, permissions, versions, conflicts. */
export class Cluster {
  secret: SecretObject | null = null
  /** The account's permissions. */
  allowed: Verb[] = ['get', 'update']
  writes = 0
  requests = 0
  readonly kubeconfig: string
  readonly folder = mkdtempSync(join(tmpdir(), 'chat-cluster-'))
  /** Called before and after each request. If it throws, the connection breaks. */
  onStep: (step: string) => void | Promise<void> = () => undefined
  /** Responds in place of the cluster, as a proxy does. With null, the request reaches the cluster. */
  intercept: (verb: Verb) => RawResponse | null = () => null
  #version = 100
  readonly #server: ReturnType<typeof createServer>

  constructor() {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(this.folder, name)) as [string, string]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert]
    execFileSync('openssl', [...make, ...subject], { stdio: 'ignore' })
    this.#server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      const raw = this.intercept(VERBS[request.method as 'GET'])
      if (raw) {
        request.resume()
        response.writeHead(raw.status, raw.headers).end(raw.body)
        return
      }
      this.#answer(request).then(
        ({ status, body }) =>
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
        () => request.socket.destroy(),
      )
    })
    this.kubeconfig = join(this.folder, 'kubeconfig')
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    writeFileSync(join(this.folder, 'token'), ACCOUNT_TOKEN)
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [
        {
          name: 'c',
          cluster: {
            server: `https://127.0.0.1:${port}`,
            'certificate-authority': join(this.folder, 'cert.pem'),
          },
        },
      ],
      // as in a pod: the token is in a file that is renewed
      users: [
        {
          name: 'u',
          user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile: join(this.folder, 'token') } } },
        },
      ],
    }
    writeFileSync(this.kubeconfig, JSON.stringify(config))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    rmSync(this.folder, { recursive: true })
  }

  /** A write by `kubectl create secret generic chat-keys` or by another client. */
  put(data: Record<string, string> | undefined, annotations: Record<string, string> = {}): void {
    this.#version += 1
    this.secret = {
      metadata: { resourceVersion: String(this.#version), annotations },
      ...(data ? { data } : {}),
    }
  }

  ring(): KeyRing {
    return JSON.parse(Buffer.from(this.secret!.data![RING_FILE]!, 'base64').toString()) as KeyRing
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    this.requests += 1
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const verb = VERBS[request.method as 'GET']
    await this.onStep(`ask ${verb}`)
    const answer = this.#judge(request, verb, text)
    await this.onStep(`hear ${verb}`)
    return answer
  }

  #judge({ headers, url }: IncomingMessage, verb: Verb, text: string): { status: number; body: unknown } {
    const refuse = (code: number, reason: string) => {
      // a real API server may quote the request
      const message = `secrets "chat-keys" ${reason} ${text}`
      return { status: code, body: { kind: 'Status', status: 'Failure', code, reason, message } }
    }
    if (headers.authorization !== `Bearer ${ACCOUNT_TOKEN}`) return refuse(401, 'Unauthorized')
    if (!this.allowed.includes(verb)) return refuse(403, 'Forbidden')
    if (url !== (verb === 'create' ? PATH : `${PATH}/chat-keys`)) return refuse(404, 'NotFound')
    if (verb === 'create' && this.secret) return refuse(409, 'AlreadyExists')
    if (verb !== 'create' && !this.secret) return refuse(404, 'NotFound')
    if (verb !== 'get') {
      const { metadata, data } = JSON.parse(text) as SecretObject
      const stale = verb === 'update' && metadata.resourceVersion !== this.secret!.metadata.resourceVersion
      if (stale) return refuse(409, 'Conflict')
      this.put(data, metadata.annotations)
      this.writes += 1
    }
    const { metadata, data } = this.secret!
    const known = {
      name: 'chat-keys',
      namespace: 'chat',
      uid: 'u-1',
      creationTimestamp: '2026-11-25T09:00:00Z',
    }
    return {
      status: verb === 'create' ? 201 : 200,
      body: {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'Opaque',
        metadata: { ...known, ...metadata },
        ...(data ? { data } : {}),
      },
    }
  }
}
