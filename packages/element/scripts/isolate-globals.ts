import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import type { Plugin } from 'vite'

const NATIVES = fileURLToPath(new URL('../src/natives.ts', import.meta.url))
const OUR = /\/packages\/element\/src\//
const LIT = /\/node_modules\/(?:lit|lit-html|lit-element|@lit\/reactive-element)\//

/** The globals that `src/natives.ts` replaces in every module, and those that it replaces in lit's. */
const FOR_ALL: Record<string, string> = Object.fromEntries(
  'Document Event HTMLScriptElement HTMLElement URL Map Set'
    .split(' ')
    .map((name) => [name, `Native${name}`]),
)
const FOR_LIT: Record<string, string> = {
  ...FOR_ALL,
  globalThis: 'litWindow',
  document: 'litDocument',
  litPropertyMetadata: 'litPropertyMetadata',
}
/** What JavaScript itself defines. A page that replaces these breaks more than a chat. */
const LEFT = ['arguments', ...(runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[])]
/**
 * The other globals that our modules read, without JavaScript's own. Before you add one: what happens on a page that has
 * a variable of this name (test/browser/page-globals.test.ts)?
 */
const OURS = (
  'AbortController AbortSignal atob BroadcastChannel clearInterval clearTimeout ' +
  'console crypto CSSStyleSheet customElements document fetch fileVersion globalThis Headers history ' +
  'IntersectionObserver localStorage location MutationObserver navigator performance queueMicrotask ' +
  'ReportingObserver sessionStorage setInterval setTimeout ' +
  'TextDecoder window'
).split(' ')
/** What lit reads of `globalThis`, and `litWindow` has. */
const OF_WINDOW = ['trustedTypes', 'litPropertyMetadata']
/** What lit reads for polyfills, for hydration, and to warn of several versions. None of it is in our file. */
const HOOK = /^(?:lit|reactiveElement)\w*(?:PolyfillSupport|HydrateSupport|Versions)$/

interface Tree {
  type: string
  start: number
  end: number
  [member: string]: unknown
}
const isTree = (value: unknown): value is Tree => typeof (value as Tree | null)?.type === 'string'
const childrenOf = (tree: Tree): Tree[] => Object.values(tree).flat().filter(isTree)

/** Whether an identifier names a member, a key or a label, and no variable. */
const isName = (tree: Tree, parent: Tree): boolean =>
  ((parent.type === 'MemberExpression' && parent['property'] === tree) ||
    (['Property', 'MethodDefinition', 'PropertyDefinition'].includes(parent.type) &&
      parent['key'] === tree &&
      parent['value'] !== tree)) &&
  !parent['computed']

/** The names that a pattern, a declaration or a parameter binds. */
function boundBy(pattern: unknown): string[] {
  if (!isTree(pattern)) return []
  if (pattern.type === 'Identifier') return [pattern['name'] as string]
  if (pattern.type === 'MemberExpression') return []
  if (pattern.type === 'Property') return boundBy(pattern['value'])
  if (pattern.type === 'AssignmentPattern') return boundBy(pattern['left'])
  return childrenOf(pattern).flatMap(boundBy)
}

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']

/** What one tree binds in its own scope: parameters, names of functions and classes, variables, imports. */
function declaredIn(tree: Tree): string[] {
  const own = (FUNCTIONS.includes(tree.type) ? (tree['params'] as Tree[]) : []).flatMap(boundBy)
  const visit = (inner: Tree): string[] => {
    if (inner.type === 'VariableDeclarator')
      return [...boundBy(inner['id']), ...childrenOf(inner).flatMap(visit)]
    if (/^Import.*Specifier$/.test(inner.type)) return boundBy(inner['local'])
    if (inner.type === 'CatchClause') return [...boundBy(inner['param']), ...childrenOf(inner).flatMap(visit)]
    const named = /^(Function|Class)/.test(inner.type) ? boundBy(inner['id']) : []
    return FUNCTIONS.includes(inner.type) ? named : [...named, ...childrenOf(inner).flatMap(visit)]
  }
  return [...own, ...boundBy(tree['id']), ...childrenOf(tree).flatMap(visit)]
}

interface Globals {
  /** The free variables. */
  free: Set<string>
  /** The members of `globalThis`, under whatever name. */
  ofWindow: Set<string>
  /** Where lit's hooks are read. */
  hooks: Tree[]
}

/** What a module reads of the page. */
export function globalsOf(program: Tree): Globals {
  const free = new Set<string>()
  const ofWindow = new Set<string>()
  const hooks: Tree[] = []
  const aliases = new Map<string, number>()
  const walk = (tree: Tree, parent: Tree, scopes: Set<string>[]) => {
    const opens = FUNCTIONS.includes(tree.type) || tree.type === 'Program'
    const inside = opens ? [...scopes, new Set(declaredIn(tree))] : scopes
    const depthOf = (name: string) => inside.findLastIndex((scope) => scope.has(name))
    if (tree.type === 'VariableDeclarator' && (tree['init'] as Tree | null)?.['name'] === 'globalThis')
      for (const name of boundBy(tree['id'])) aliases.set(name, depthOf(name))
    if (tree.type === 'MemberExpression' && !tree['computed']) {
      const { name } = tree['object'] as { name?: string }
      const member = (tree['property'] as { name: string }).name
      if (name === 'globalThis' || (name && aliases.has(name) && aliases.get(name) === depthOf(name))) {
        if (HOOK.test(member)) hooks.push(tree)
        else ofWindow.add(member)
      }
    }
    if (tree.type === 'Identifier' && !isName(tree, parent) && depthOf(tree['name'] as string) < 0)
      free.add(tree['name'] as string)
    if (tree.type.startsWith('Export') && tree['source']) return
    for (const child of childrenOf(tree)) {
      // the outer names of imports and exports are no variables
      if (/^(Import|Export).*Specifier$/.test(tree.type) && child !== tree['local']) continue
      walk(child, tree, inside)
    }
  }
  walk(program, program, [])
  return { free, ofWindow, hooks }
}

/** Code without lit's hooks: each is undefined, and no version joins a list. */
const withoutHooks = (code: string, hooks: Tree[]): string =>
  [...hooks]
    .sort((one, other) => other.start - one.start)
    .reduce((text, { start, end }) => {
      const [added = ''] = /^\?\?=\[\]\)\.push\("[\d.]+"\)/.exec(text.slice(end)) ?? []
      return text.slice(0, added ? start - 1 : start) + '(void 0)' + text.slice(end + added.length)
    }, code)

/** The element adopts its styles itself, also in another window, so lit's own way isn't in the file. */
const CSS_TAG = `
export const css = ([cssText]) => ({ cssText })
export const getCompatibleStyle = (style) => style
export const adoptStyles = () => {}
export const supportsAdoptingStyleSheets = true
export class CSSResult {}
export const unsafeCSS = (cssText) => ({ cssText })
`

/**
 * Puts the platform's own classes in the place of the page's globals, and ends the build where lit reads something of the page
 * that isn't isolated.
 */
export const isolateGlobals: Plugin = {
  name: 'isolate-globals',
  load: (id) => (/\/@lit\/reactive-element\/css-tag\.js$/.test(id) ? CSS_TAG : null),
  transform(code, id) {
    const lit = LIT.test(id)
    if (id === NATIVES || !(lit || OUR.test(id))) return null
    const { free, ofWindow, hooks } = globalsOf(this.parse(code) as unknown as Tree)
    const provided = lit ? FOR_LIT : FOR_ALL
    const judged = [...Object.keys(provided), ...LEFT, ...(lit ? [] : OURS)]
    const unknown = [...free].filter((name) => !judged.includes(name))
    const members = [...ofWindow].filter((name) => !OF_WINDOW.includes(name))
    if (lit) unknown.push(...members)
    if (unknown.length > 0) this.error(`A page's variables can replace ${unknown.join(', ')}, read in ${id}`)
    const used = Object.keys(provided).filter((name) => free.has(name))
    const rest = withoutHooks(code, lit ? hooks : [])
    if (!used.length) return { code: rest, map: null }
    // on the first line, so that the source map stays right
    const names = used.map((name) => `${provided[name]} as ${name}`).join(', ')
    return { code: `import { ${names} } from ${JSON.stringify(NATIVES)};${rest}`, map: null }
  },
}
