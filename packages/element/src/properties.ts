import type { PropertyDeclaration } from 'lit'
import { readPasted } from './text.js'

interface ChatProperty extends PropertyDeclaration {
  attribute: string | false
  /** What a change means: another visit, or another look at the same one. */
  of: 'visit' | 'look'
  /** Whether an author may set it on a marked div; what decides where a statement or a token goes is not for authors. */
  authored?: boolean
}

/** `undefined` stands for what is not there, as in the declared types; lit's own converter says `null`. */
const text = { converter: { fromAttribute: (value: string | null) => value ?? undefined } }
/** On by being there, but for the word that frameworks and CMS fields write for "off". */
const isOn = (value: unknown): boolean =>
  typeof value === 'string' ? wordOf(value) !== 'false' : Boolean(value)
const onOff = { converter: { fromAttribute: (value: string | null) => value !== null && isOn(value) } }

/** Every property that a page may set. The one list: attributes, looks and what authors may write follow from it. */
export const PROPERTIES = {
  eventId: { attribute: 'event-id', of: 'visit', ...text },
  tokenUrl: { attribute: 'token-url', of: 'visit', ...text },
  credentials: { attribute: 'credentials', of: 'visit', ...text },
  identity: { attribute: 'identity', of: 'visit', ...text },
  token: { attribute: 'token', of: 'visit', ...text },
  fetchToken: { attribute: false, of: 'visit' },
  chatOrigin: { attribute: 'chat-origin', of: 'visit', ...text },
  loading: { attribute: 'loading', of: 'visit', authored: true, ...text },
  preview: { attribute: 'preview', of: 'visit', authored: true, ...onOff },
  refresh: { attribute: 'refresh', of: 'look', authored: true, ...text },
  language: { attribute: 'language', of: 'look', authored: true, ...text },
  label: { attribute: 'label', of: 'look', authored: true, ...text },
  help: { attribute: 'help', of: 'look', authored: true, ...onOff },
  signinUrl: { attribute: 'signin-url', of: 'look', ...text },
  debug: { attribute: 'debug', of: 'look', ...onOff },
} satisfies Record<string, ChatProperty>

const all: ChatProperty[] = Object.values(PROPERTIES)
const named = (properties: ChatProperty[]) =>
  properties.map(({ attribute }) => attribute).filter((name) => name !== false)

/** Every attribute of the element. */
export const ATTRIBUTES = named(all)
/** The attributes that the `data-…` of a CMS may set too. A closed list. */
export const PLACED_ATTRIBUTES = named(all.filter(({ authored }) => authored))
/** The properties whose change means another visit. */
export const VISIT_PROPERTIES = (Object.keys(PROPERTIES) as (keyof typeof PROPERTIES)[]).filter(
  (name) => PROPERTIES[name].of === 'visit',
)

/** What a page has set a switch to: the word "false" is off as a property too. */
export { isOn }
/** What a page has set a text to: nothing where it is blank, or no text. */
export const textOf = (value: unknown): string | undefined => readPasted(value) || undefined
/** What a page has set to one of a few words, in whatever case, as HTML takes them (HTML, "enumerated attribute"). */
export const wordOf = (value: unknown): string => readPasted(value).toLowerCase()
/** What a property of a visit means: null, undefined and "" are all written for what is not there. */
export const meaningOf = (name: (typeof VISIT_PROPERTIES)[number], value: unknown): unknown =>
  name === 'preview' ? isOn(value) : typeof value === 'function' ? value : textOf(value)
