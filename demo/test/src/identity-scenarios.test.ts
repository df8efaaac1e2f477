import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chainFault, SOURCE_KINDS } from '../../../packages/server/src/identity/source-kinds.js'
import { SCENARIOS } from '../../src/scenarios.js'

const page = readFileSync(new URL('../../../packages/server/docs/identity.md', import.meta.url), 'utf8')
const played = SCENARIOS.flatMap(({ setup, expect: { problem } }) =>
  setup.identity ? [{ sources: setup.identity.sources, admitted: problem === null }] : [],
)
const outcomesOf = (sources: string) =>
  new Set(played.filter((row) => row.sources === sources).map(({ admitted }) => admitted))

describe('the scenarios of identity sources', () => {
  it.each(SOURCE_KINDS)('play %s alone: a visitor who is admitted, and one who isn’t', (kind) => {
    expect(outcomesOf(kind)).toEqual(new Set([true, false]))
  })

  it('play every chain that docs/identity.md recommends', () => {
    const [, table = ''] = /\| chain \| for \|\n([^]*?)\n\n/.exec(page) ?? []
    const chains = [...table.matchAll(/`([a-z]+(?:,[a-z]+)+)`/g)].map(([, chain = '']) => chain)
    expect(chains.length).toBeGreaterThan(5)
    expect(chains.filter((chain) => outcomesOf(chain).size === 0)).toEqual([])
  })

  it('play nothing that the server refuses at start', () => {
    expect(played.filter(({ sources }) => chainFault(sources.split(',')) !== null)).toEqual([])
  })

  it('have an address each', () => {
    const ids = SCENARIOS.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
