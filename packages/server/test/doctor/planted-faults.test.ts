import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FAULTS } from './planted-faults.js'
import { scene, type Scene } from './scene.js'

let stage: Scene
beforeEach(async () => {
  stage = await scene()
})
afterEach(() => stage.close())

it('without a fault the visitor is in, and the doctor finds nothing and has tried everything', async () => {
  expect(await stage.visit()).toBe('in as Анна')
  const { exit, findings } = await stage.doctor()
  expect(findings.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(exit).toBe(0)
})

it('without a visitor at hand the doctor says that it has not tried one', async () => {
  stage.visitor.flags = []
  const { findings } = await stage.doctor()
  expect(findings.filter(({ status }) => status === 'skip').map(({ code }) => code)).toEqual([
    'visitor-not-tried',
  ])
})

describe('a planted fault', () => {
  it.each(FAULTS)('$fault: the visitor meets "$visitor", the doctor says $doctor', async (fault) => {
    await fault.plant(stage)
    expect(await stage.visit()).toBe(fault.visitor)
    const { exit, findings } = await stage.doctor()
    const bad = findings.filter(({ status }) => status === 'fail')
    expect(bad.map(({ code }) => code)).toContain(fault.doctor)
    for (const { remediation } of bad) expect(remediation).toBeTruthy()
    expect(exit).toBe(1)
  })
})

it('docs/doctor.md has this table (UPDATE_DOCS=1 writes it)', () => {
  const page = fileURLToPath(new URL('../../docs/doctor.md', import.meta.url))
  const text = readFileSync(page, 'utf8')
  const cells = (...texts: string[]) => `| ${texts.join(' | ')} |`
  const table = [
    cells('what is wrong', 'what the visitor meets', 'what the doctor says', 'what to do'),
    cells('---', '---', '---', '---'),
    ...FAULTS.map(({ fault, visitor, doctor, todo }) =>
      cells(fault, visitor.startsWith('in as') ? visitor : `\`${visitor}\``, `\`${doctor}\``, todo),
    ),
  ].join('\n')
  const made = text.replace(
    /<!-- planted faults -->[\s\S]*?<!-- end -->/,
    () => `<!-- planted faults -->\n\n${table}\n\n<!-- end -->`,
  )
  expect(made).toContain(table)
  if (process.env['UPDATE_DOCS']) writeFileSync(page, made)
  else expect(made).toBe(text)
  expect(FAULTS.length).toBeGreaterThanOrEqual(20)
})
