import {
  loadAllYaml,
  type V1Container,
  type V1CronJob,
  type V1Job,
  type V1Role,
} from '@kubernetes/client-node'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Cluster } from '../keys/cluster.js'
import { workbench, type Workbench } from '../cli/workbench.js'

const documents = ['base/reconcile.yaml', 'jobs/keys.yaml'].flatMap((name) => {
  const text = readFileSync(new URL(`../../deploy/kubernetes/${name}`, import.meta.url), 'utf8')
  return loadAllYaml(text) as { kind: string; metadata: { name?: string } }[]
})
const ofKind = <T>(kind: string) => documents.filter((document) => document.kind === kind) as unknown as T[]

let bench: Workbench
let cluster: Cluster
beforeEach(async () => {
  bench = await workbench()
  cluster = new Cluster()
  await cluster.listen()
  cluster.put(undefined)
  vi.stubEnv('KUBECONFIG', cluster.kubeconfig)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await cluster.close()
  await bench.close()
})

/** Runs a container's command with its environment. `args` replaces its arguments. */
async function runContainer({ env = [], args: own = [] }: V1Container, args = own) {
  delete bench.env['CHAT_KEY_DIR']
  for (const { name, value } of env) {
    if (value !== undefined) bench.env[name] = value.replace('$(POD_NAMESPACE)', 'chat')
  }
  return bench.json(...args)
}

const containerOf = ({ spec }: V1Job) => spec!.template.spec!.containers[0]!

describe('the key jobs in a cluster', () => {
  it('can read and write one Secret, and the servers can read it', () => {
    const rules = ofKind<V1Role>('Role').map((role) => [role.metadata!.name, role.rules])
    const secrets = { apiGroups: [''], resources: ['secrets'], resourceNames: ['chat-keys'] }
    expect(rules).toEqual([
      ['kinescope-chat-keys', [{ ...secrets, verbs: ['get', 'update'] }]],
      ['kinescope-chat-keys-reader', [{ ...secrets, verbs: ['get'] }]],
    ])
  })

  it('run as an unprivileged user, on a read-only root, and contain no script', () => {
    const templates = [
      ofKind<V1Job>('Job')[0]!.spec!.template,
      ofKind<V1CronJob>('CronJob')[0]!.spec!.jobTemplate.spec!.template,
    ]
    for (const { spec } of templates) {
      expect(spec!.securityContext).toMatchObject({ runAsNonRoot: true })
      expect(spec!.containers[0]!.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
      })
      expect(spec!.containers[0]!.command).toBeUndefined()
    }
    expect(ofKind('ConfigMap')).toEqual([])
  })

  it('run the daily reconcile, and any verb: generate, register, revoke', async () => {
    const job = containerOf(ofKind<V1Job>('Job')[0]!)
    const daily = ofKind<V1CronJob>('CronJob')[0]!.spec!.jobTemplate.spec!.template.spec!.containers[0]!
    expect((await runContainer(daily)).exit).toBe(0)
    expect(bench.emulator.state.keys).toEqual([])
    for (const verb of ['generate', 'register']) {
      expect((await runContainer(job, ['keys', verb])).exit).toBe(0)
    }
    expect((await runContainer(daily)).exit).toBe(0)
    const [first] = cluster.ring().keys
    expect((await runContainer(job, ['keys', 'revoke', first!.kid, '--yes'])).exit).toBe(0)
    expect(bench.emulator.state.keys.map(({ kid }) => kid)).toEqual([cluster.ring().keys[1]!.kid])
    expect((await runContainer(job)).data).toMatchObject({ missingAtKinescope: [] })
  })
})
