import { parseAst } from 'vite'
import { describe, expect, it } from 'vitest'
import { globalsOf } from '../../scripts/isolate-globals.js'

const read = (code: string) => globalsOf(parseAst(code) as never)

describe('what a module reads of the page', () => {
  it('is found under any name of globalThis, and nothing else is', () => {
    const code = `const g = globalThis; const f = (Map) => new Map(URL, g.litSomethingNew); const h = (g) => g.own`
    const { free, ofWindow } = read(code)
    expect([...free].sort()).toEqual(['URL', 'globalThis'])
    expect([...ofWindow]).toEqual(['litSomethingNew'])
  })

  it('tells lit’s hooks from what it needs', () => {
    const code = `const t = globalThis; t.litHtmlPolyfillSupport?.(1); (t.litHtmlVersions ??= []).push('3'); t.trustedTypes`
    const { hooks, ofWindow } = read(code)
    expect(hooks.map(({ start, end }) => code.slice(start, end))).toEqual([
      't.litHtmlPolyfillSupport',
      't.litHtmlVersions',
    ])
    expect([...ofWindow]).toEqual(['trustedTypes'])
  })
})
