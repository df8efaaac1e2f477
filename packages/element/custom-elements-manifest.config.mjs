// Describes the element for editors and frameworks from its source: `pnpm run metadata` writes metadata/, which is
// committed. test/package/metadata.test.ts checks that it is current.
import { mkdirSync, writeFileSync } from 'node:fs'
import { customElementJetBrainsPlugin } from 'custom-element-jet-brains-integration'
import { customElementVsCodePlugin } from 'custom-element-vs-code-integration'

const outdir = process.env.METADATA_DIR ?? 'metadata'
mkdirSync(outdir, { recursive: true })

/** The attribute of a property that a page may set. A property whose value isn't text has none. */
const attributeOf = ({ name }) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** Whether a member is public. Members without a description and the platform's callbacks are internal. */
const isPublic = ({ kind, name, privacy, description, attribute, readonly, static: isStatic }) =>
  (!privacy || privacy === 'public') &&
  !/Callback$/.test(name) &&
  Boolean(description || attribute || (kind === 'field' && readonly && !isStatic))

const publicParts = {
  name: 'public-parts',
  packageLinkPhase({ customElementsManifest }) {
    customElementsManifest.schemaVersion = '2.1.0'
    customElementsManifest.modules = customElementsManifest.modules
      .filter(({ path }) => /(?:chat-element|define)\.ts$/.test(path))
      .map((module) =>
        JSON.parse(
          JSON.stringify(module)
            .replaceAll(/"src\/([\w/-]+)\.ts"/g, '"dist/$1.js"')
            // spells out a platform type, so that editors offer its values
            .replaceAll(
              '"RequestCredentials | undefined"',
              `"'include' | 'same-origin' | 'omit' | undefined"`,
            ),
        ),
      )
    for (const module of customElementsManifest.modules) {
      module.declarations = module.declarations.filter(({ tagName }) => tagName)
      module.exports = module.exports.filter(({ name }) => name === 'KinescopeChatElement')
      for (const declaration of module.declarations) {
        declaration.superclass = { name: 'LitElement', package: 'lit' }
        declaration.members = declaration.members.filter(isPublic)
        const settable = declaration.members.filter(
          ({ kind, name, readonly, static: isStatic }) =>
            kind === 'field' && !readonly && !isStatic && name !== 'fetchToken',
        )
        for (const field of settable) field.attribute = attributeOf(field)
        declaration.attributes = settable.map(({ name, type, description, attribute }) => ({
          name: attribute,
          type,
          description,
          fieldName: name,
        }))
        declaration.events = declaration.events.filter(({ name }) => name)
      }
    }
  },
}

const element = (manifest) =>
  manifest.modules.flatMap(({ declarations }) => declarations).find(({ tagName }) => tagName)

/** The tag in JSX, for React 19. */
const jsxTypes = {
  name: 'jsx-types',
  packageLinkPhase({ customElementsManifest }) {
    const { tagName, description, attributes, members, events } = element(customElementsManifest)
    const fields = new Map(members.map((member) => [member.name, member]))
    const line = (name, type, text = '') => `  /** ${text} */\n  '${name}'?: ${type}`
    const lines = [
      ...attributes.map(({ name, fieldName }) => {
        const { type, description: text } = fields.get(fieldName)
        return line(name, type.text.includes('undefined') ? type.text : `${type.text} | undefined`, text)
      }),
      // React sets existing properties of the element; without an attribute, there is no other way to set this one
      line('fetchToken', fields.get('fetchToken').type.text, fields.get('fetchToken').description),
      ...events.map(({ name, type, description: text }) =>
        line(`on${name}`, `((event: ${type.text}) => void) | undefined`, text),
      ),
    ]
    const eventTypes = [...new Set(events.map(({ type }) => type.text))]
    const text = `// Made from the element's source: pnpm run metadata
import type { DetailedHTMLProps, HTMLAttributes } from 'react'
import type { ${[...eventTypes, 'FetchToken', 'Identity', 'KinescopeChatElement'].join(', ')} } from 'kinescope-chat'

/** ${description} */
export interface KinescopeChatAttributes {
${lines.join('\n')}
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      '${tagName}': DetailedHTMLProps<HTMLAttributes<KinescopeChatElement>, KinescopeChatElement> & KinescopeChatAttributes & { class?: string }
    }
  }
}
`
    writeFileSync(`${outdir}/jsx.d.ts`, text)
    writeFileSync(`${outdir}/jsx.js`, 'export {}\n')
  },
}

export default {
  globs: ['src/kinescope-chat-element.ts', 'src/define.ts'],
  outdir,
  packagejson: false,
  plugins: [
    publicParts,
    jsxTypes,
    customElementVsCodePlugin({ outdir, hideLogs: true }),
    customElementJetBrainsPlugin({ outdir, packageJson: false, hideLogs: true }),
  ],
}
