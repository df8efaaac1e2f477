import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkSync } from 'recheck'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { describeError, withoutSecrets } from '../src/serve/log.js'

const SOURCE = fileURLToPath(new URL('../src', import.meta.url))
/** These modules read an operator's input. All others also read input of a visitor, a site or Kinescope. */
const OPERATOR_ONLY = /^(cli|keys|audit)\/|^(config|setting)/

interface Pattern {
  source: string
  flags: string
  where: string
}

function patternsIn(path: string): Pattern[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
  const found: Pattern[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/')
      const source = node.text.slice(1, end)
      found.push({
        source,
        flags: node.text.slice(end + 1),
        where: `${path.slice(SOURCE.length + 1)} ${source}`,
      })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !OPERATOR_ONLY.test(name))
  .map((name) => join(SOURCE, name))
/** Proves a regular pattern. For lookaheads and lookbehinds, searches for an attack. */
function check({ source, flags }: Pattern) {
  const proof = checkSync(source, flags, { checker: 'automaton', timeout: 20_000 })
  return proof.status === 'unknown'
    ? checkSync(source, flags, { checker: 'fuzz', timeout: 20_000, randomSeed: 1 })
    : proof
}

describe('every regular expression for untrusted text', () => {
  const patterns = files.flatMap(patternsIn)

  it('is found', () => {
    expect(patterns.length).toBeGreaterThan(30)
  })

  it.each(patterns)('is linear: $where', { tags: ['rare'] }, (pattern) => {
    // "unknown" fails too
    expect(check(pattern).status).toBe('safe')
  })

  it('fails the check if it is not linear (control)', () => {
    const quadratic = { source: String.raw`[\w-]{4,}\.[\w-]{4,}\.[\w-]{16,}`, flags: 'g', where: '' }
    expect(check(quadratic).status).toBe('vulnerable')
    expect(check({ source: '^(a+)+$', flags: '', where: '' }).status).toBe('vulnerable')
  })
})

describe('a logged text', () => {
  it('is short and contains no half of a secret, for any length of the input', () => {
    const identityToken = `${'a'.repeat(900)}.${'b'.repeat(900)}.${'c'.repeat(900)}`
    for (const text of [
      identityToken.repeat(1000),
      `crit ${identityToken}`,
      '.'.repeat(1e6),
      `-----BEGIN RSA ${'x '.repeat(1e5)}`,
    ]) {
      const kept = withoutSecrets(text)
      expect(kept.length).toBeLessThanOrEqual(2001)
      expect(kept).not.toMatch(/a{9}|b{9}|c{9}|x x x/)
    }
  })

  it('is bounded for circular causes and for values without a text', () => {
    const error = new Error('round')
    error.cause = error
    expect(JSON.stringify(describeError(error)).length).toBeLessThan(1000)
    expect(describeError(Object.create(null)).message).not.toBe('')
    expect(describeError(Symbol('x')).message).not.toBe('')
  })
})
