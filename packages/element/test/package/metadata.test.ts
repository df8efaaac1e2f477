import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { PROPERTIES } from '../../src/settings.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]),
  )

interface Declaration {
  tagName?: string
  members: { name: string }[]
  attributes: { name: string }[]
  events: { name: string }[]
}
const manifest = () => {
  const { modules } = JSON.parse(readFileSync(`${root}/metadata/custom-elements.json`, 'utf8')) as {
    modules: { path: string; declarations: Declaration[] }[]
  }
  return modules.flatMap(({ declarations }) => declarations).find(({ tagName }) => tagName)!
}

describe('the metadata of the element for editors and frameworks', () => {
  it('is generated from the current source (else: pnpm --filter kinescope-chat run metadata)', () => {
    // the generators take relative folders only
    const fresh = mkdtempSync(`${root}/node_modules/.metadata-`)
    try {
      execFileSync(
        'node_modules/.bin/cem',
        ['analyze', '--quiet', '--config', 'custom-elements-manifest.config.mjs'],
        { cwd: root, env: { ...process.env, METADATA_DIR: relative(root, fresh) }, stdio: 'ignore' },
      )
      expect(read(`${root}/metadata`)).toEqual(read(fresh))
    } finally {
      rmSync(fresh, { recursive: true })
    }
  })

  it('has React types that match the package’s exports', () => {
    const file = `${root}/metadata/jsx.d.ts`
    const program = ts.createProgram([file], {
      noEmit: true,
      strict: true,
      skipLibCheck: false,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      types: [],
    })
    const source = program.getSourceFile(file)
    const found = [...program.getSemanticDiagnostics(source), ...program.getSyntacticDiagnostics(source)]
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([])
  }, 30_000)

  it('names every attribute and event of the contract, and no internals', () => {
    const { attributes, events, members } = manifest()
    const ofTable = Object.values(PROPERTIES).map(({ attribute }) => attribute)
    expect(attributes.map(({ name }) => name).sort()).toEqual(ofTable.filter(Boolean).sort())
    expect(attributes.map(({ name }) => name).sort()).toEqual(
      [
        ...['event-id', 'token-url', 'credentials', 'identity', 'token', 'refresh', 'loading', 'language'],
        ...['label', 'chat-origin', 'preview', 'help', 'signin-url', 'unattended', 'debug'],
      ].sort(),
    )
    expect(events.map(({ name }) => name).sort()).toEqual(
      ['error', 'ready', 'refresh', 'signin', 'statechange'].map((name) => `kinescope-chat-${name}`),
    )
    const names = members.map(({ name }) => name)
    for (const name of ['fetchToken', 'state', 'problem', 'expiresAt', 'reload', 'reset', 'diagnostics'])
      expect(names).toContain(name)
    expect(names.filter((name) => /^(#|settings$|describe$|draw$|.*Callback$)/.test(name))).toEqual([])
  })
})
