// Writes docs/element.md from the element's manifest: `pnpm --filter kinescope-chat-docs run pages`.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

interface Described {
  name: string
  description?: string
  type?: { text: string }
  default?: string
}

interface Declaration extends Described {
  tagName?: string
  attributes: (Described & { fieldName: string })[]
  members: (Described & {
    kind: 'field' | 'method'
    static?: boolean
    readonly?: boolean
    attribute?: string
    parameters?: Described[]
    return?: { type: { text: string } }
  })[]
  events: Described[]
  slots: Described[]
  cssParts: Described[]
  cssProperties: Described[]
  cssStates: Described[]
}

const cell = (text: string | undefined) => (text ?? '').replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
const code = (text: string | undefined) => (text ? `\`${cell(text)}\`` : '')
/** Returns a type without `undefined`, which only TypeScript needs. */
const kindOf = (type: { text: string } | undefined) => code(type?.text.replace(/ \| undefined$/, ''))

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** Returns the page about the element. */
export async function elementPage(): Promise<string> {
  const manifest = JSON.parse(
    await readFile(new URL('../packages/element/metadata/custom-elements.json', import.meta.url), 'utf8'),
  ) as { modules: { declarations?: Declaration[] }[] }
  const element = manifest.modules
    .flatMap(({ declarations = [] }) => declarations)
    .find(({ tagName }) => tagName === 'kinescope-chat')!
  const named = (list: Described[], what: string) =>
    table(
      [what, ''],
      list.map(({ name, description }) => [code(name || '(default)'), cell(description)]),
    )
  const fields = element.members.filter(({ kind }) => kind === 'field')
  const alone = fields.filter(
    ({ readonly, attribute, static: ofClass }) => !ofClass && (readonly || !attribute),
  )
  const methods = element.members.filter(({ kind }) => kind === 'method')
  const ofClass = element.members.filter((member) => member.static && member.description)
  return `# The element

\`<kinescope-chat>\`: ${element.description?.split('\n')[0]?.replace(/^`<kinescope-chat>`: /, '') ?? ''}
How to add it to each CMS and framework: [embedding](embedding.md). What can go wrong: [troubleshooting](troubleshooting.md).

## Attributes and properties

${table(
  ['attribute', 'property', 'takes', ''],
  element.attributes.map(({ name, fieldName, type, description }) => [
    code(name),
    code(fieldName),
    kindOf(type),
    cell(description),
  ]),
)}

A boolean attribute with the value \`false\` is off.

## Properties without an attribute

${table(
  ['property', 'type', ''],
  alone.map(({ name, type, description, readonly }) => [
    code(name),
    kindOf(type),
    cell(`${description ?? ''}${readonly ? ' Read-only.' : ''}`),
  ]),
)}

## Methods

${table(
  ['method', ''],
  methods
    .filter((member) => !member.static)
    .map(({ name, parameters = [], description }) => [
      code(`${name}(${parameters.map((parameter) => parameter.name).join(', ')})`),
      cell(description),
    ]),
)}

## Static members

With the script's tag, the class is the global \`KinescopeChat\`. With npm, import \`KinescopeChatElement\`.

${table(
  ['member', ''],
  ofClass.map(({ name, description }) => [code(`KinescopeChatElement.${name}`), cell(description)]),
)}

## Events

All events bubble and cross shadow roots. None carries a token. Their members are in the [API](api.md).

${table(
  ['event', 'type', ''],
  element.events.map(({ name, type, description }) => [code(name), kindOf(type), cell(description)]),
)}

## Slots

${named(element.slots, 'slot')}

## Parts

${named(element.cssParts, 'part')}

## Custom properties

${table(
  ['property', 'default', ''],
  element.cssProperties.map((property) => [
    code(property.name),
    code(property.default),
    cell(property.description),
  ]),
)}

## States

\`kinescope-chat:state(ready) { … }\`, in browsers with custom states.

${named(element.cssStates, 'state')}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeFile(new URL('element.md', import.meta.url), await elementPage())
