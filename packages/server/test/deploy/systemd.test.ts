import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const UNITS = fileURLToPath(new URL('../../deploy/systemd', import.meta.url))
const units = readdirSync(UNITS)
const valuesOf = (unit: string, name: string) =>
  [...readFileSync(`${UNITS}/${unit}`, 'utf8').matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(
    ([, value]) => value!,
  )

describe('The systemd units', () => {
  it('pass systemd’s own verification', () => {
    expect(
      existsSync('/usr/bin/systemd-analyze'),
      'install systemd: systemd-analyze verifies the units',
    ).toBe(true)
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], {
      cwd: UNITS,
      encoding: 'utf8',
    })
    expect(`${stdout}${stderr}`).toBe('')
    expect(status).toBe(0)
  })

  it('are hardened: systemd rates their exposure below 2 of 10', () => {
    for (const unit of units.filter((name) => name.endsWith('.service'))) {
      const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', `./${unit}`], {
        cwd: UNITS,
        encoding: 'utf8',
      })
      expect(Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(2)
    }
  })

  it('give the API token and write access to the keys only to the reconcile unit', () => {
    expect(valuesOf('kinescope-chat.service', 'EnvironmentFile')).toEqual(['/etc/kinescope-chat/server.env'])
    expect(valuesOf('kinescope-chat-reconcile.service', 'EnvironmentFile')).toEqual([
      '/etc/kinescope-chat/reconcile.env',
    ])
    expect(valuesOf('kinescope-chat.service', 'ReadOnlyPaths')).toEqual(['/var/lib/kinescope-chat'])
    expect(valuesOf('kinescope-chat-reconcile.service', 'StateDirectory')).toEqual(['kinescope-chat'])
  })

  it('answer the documented check, at the base path of the documented settings', () => {
    const page = readFileSync(new URL('../../../../docs/without-docker.md', import.meta.url), 'utf8')
    const basePath = /^CHAT_BASE_PATH=(.*)$/m.exec(page)?.[1]
    expect(/^curl .*http:\/\/127\.0\.0\.1:8080(.*)$/m.exec(page)?.[1]).toBe(`${basePath}/readyz`)
  })

  it('start only existing commands', () => {
    const commands = units.flatMap((unit) => valuesOf(unit, 'ExecStart'))
    expect(commands.map((command) => command.split('.js ')[1])).toEqual(['keys reconcile', 'serve'])
  })
})
