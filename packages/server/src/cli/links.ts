import { writeFile } from 'node:fs/promises'
import { eventLookup } from '../endpoint/request.js'
import { base64url, pseudonymWith } from '../identity/identity.js'
import { linkSigner, type LinkClaims } from '../identity/link.js'
import { readEventId } from '../kinescope/event-id.js'
import { settingsOf, textFlag, UsageProblem, wholeNumber, type Call, type Command } from './command.js'
import { givenMoment } from './given-input.js'
import { columnOf, isBlank, readPeopleFile, type PeopleFile, type Row } from './people-file.js'
import { escaped, Shown, stacked, momentAndDistance } from './terminal.js'

const ID_COLUMNS = ['id', 'user_id', 'email', 'e-mail', 'mail', 'почта']
const NAME_COLUMNS = ['name', 'full name', 'имя', 'фио', 'first_name', 'first name']
/** The column that `links` adds. */
export const LINK_COLUMN = 'link'
const DEFAULT_EXPIRY = '30d'
const YEAR_MS = 366 * 86_400_000
/** Rows that a message names. */
const MAX_NAMED = 5

export const links: Command = {
  name: 'links',
  args: ['EVENT', 'FILE'],
  summary: 'add a column of personal links to a CSV file of people',
  flags: {
    output: { value: 'FILE', meaning: 'write the new CSV there', default: 'standard output' },
    expires: {
      value: 'T',
      meaning: 'when the links expire: 2026-12-01, 2026-12-01T18:00Z, or in 7d, 12h',
      default: DEFAULT_EXPIRY,
    },
    once: { meaning: 'one visit: one browser, for 12 hours after the first use' },
    device: { meaning: 'one browser: a forwarded link opens nothing' },
    devices: { value: 'N', meaning: 'as --device, for N browsers of the same person' },
    site: {
      value: 'URL',
      meaning: 'the site’s own page with the chat; the links lead there',
      default: '/embed/EVENT under CHAT_PUBLIC_URL',
    },
    'id-column': { value: 'NAME', meaning: 'the column with the person’s id', default: 'id or email' },
    'name-column': { value: 'NAME', meaning: 'the column with the name in the chat', default: 'name' },
  },
  settings: ['CHAT_LINK_SECRET', 'CHAT_IDENTITY_SECRET', 'CHAT_PUBLIC_URL', 'CHAT_EVENTS', 'CHAT_IDENTITY'],
  notes: [
    'Each link signs in one person. The server admits them with CHAT_IDENTITY=link and the same secret. An email address is never part of a link: its hash is the id.',
  ],
  async run(call) {
    const [event, path] = call.args as [string, string]
    const now = call.now()
    const config = linkSettings(call)
    const eventId = readEventId(event)
    const output = textFlag(call, 'output')
    if (call.flags['json'] === true && output === undefined) {
      throw new UsageProblem('links --json needs --output', 'Write, for example, --output links.csv.')
    }
    const exp = Math.floor(expiryOf(call, now) / 1000)
    const limit = limitOf(call)
    const base = addressOf(call, eventId, config.publicUrl)
    const file = await readPeopleFile(path)
    const people = peopleIn(call, file, path)
    const sign = linkSigner(config.secret)
    const idOf = idWith(config.secret)
    const linkOf = async ({ id, name }: Person) => {
      const linkId = base64url(crypto.getRandomValues(new Uint8Array(12)))
      const claims: LinkClaims = {
        id: linkId,
        sub: await idOf(id),
        name,
        event_id: eventId,
        exp,
        ...limit,
      }
      return `${base}#kinescope-chat=${await sign(claims)}`
    }
    const lines = [withCell(file.header, LINK_COLUMN, file)]
    for (const row of file.rows) {
      const person = people.get(row)
      lines.push(person ? withCell(row, await linkOf(person), file) : row.text)
    }
    // Excel takes a file without the mark for the system's code page
    const csv = `\uFEFF${lines.join('\r\n')}\r\n`
    if (output !== undefined) await writeNew(output, csv)
    const expires = new Date(exp * 1000).toISOString()
    call.terminal.printError(
      stacked(
        `${people.size} ${people.size === 1 ? 'link' : 'links'}, valid until ${momentAndDistance(expires, now)}`,
        ...warnings(people, config, eventId).map((text) => call.terminal.line('warn', text)),
      ),
    )
    return {
      exit: 0,
      data: { links: people.size, expires, output: output ?? null, ...limit },
      text: output === undefined ? csvText(csv, call) : '',
    }
  },
}

interface Person {
  id: string
  name: string
}

/** A terminal gets the file with what it would act on as escapes; a pipe gets it as it is. */
const csvText = (csv: string, { terminal }: Call): Shown =>
  terminal.columns === Infinity
    ? Shown.ours(csv)
    : Shown.ours(csv.trim().split('\r\n').map(escaped).join('\n'))

function expiryOf(call: Call, now: number): number {
  const text = textFlag(call, 'expires') ?? DEFAULT_EXPIRY
  const moment = givenMoment(text, now)
  // a duration is one from now on
  const at = moment === null || text.includes('-') ? moment : 2 * now - moment
  if (at !== null && at > now && at <= now + YEAR_MS) return at
  throw new UsageProblem(
    '--expires must be a time within a year from now',
    'Write, for example, --expires 2026-12-01T18:00Z or --expires 7d.',
  )
}

function limitOf(call: Call): Pick<LinkClaims, 'devices' | 'once'> {
  const given = ['once', 'device', 'devices'].filter((name) => call.flags[name] !== undefined)
  if (given.length > 1) {
    throw new UsageProblem(`--${given[0]} and --${given[1]} are both given`, `Keep --${given[0]} only.`)
  }
  if (call.flags['once'] === true) return { devices: 1, once: true }
  if (call.flags['device'] === true) return { devices: 1 }
  return given.length === 0 ? {} : { devices: wholeNumber(call, 'devices', 2, 1, 20) }
}

/** Where a link leads, without its fragment. @throws UsageProblem */
function addressOf(call: Call, eventId: string, publicUrl: string | undefined): string {
  const site = textFlag(call, 'site')
  if (site === undefined) {
    if (publicUrl !== undefined) return `${publicUrl}/embed/${encodeURIComponent(eventId)}`
    throw new UsageProblem(
      'links needs the address that they lead to',
      'Set CHAT_PUBLIC_URL to the token server’s address, or write --site https://www.example.com/live.',
    )
  }
  const url = URL.canParse(site) ? new URL(site) : null
  if (url && /^https?:$/.test(url.protocol) && url.hash === '' && url.username === '') return url.href
  throw new UsageProblem(
    '--site must be the page’s address, without a part after #',
    'Write, for example, --site https://www.example.com/live.',
  )
}

function peopleIn(call: Call, file: PeopleFile, path: string): Map<Row, Person> {
  const column = (flag: string, names: readonly string[]) => {
    const given = textFlag(call, flag)
    const index = columnOf(file, given === undefined ? names : [given])
    if (index >= 0) return index
    throw new UsageProblem(
      `${path} has no column ${given ?? names[0]!}`,
      `Its columns are ${file.header.cells.map((cell) => cell.trim()).join(', ')}. Name one with --${flag}.`,
    )
  }
  const [id, name] = [column('id-column', ID_COLUMNS), column('name-column', NAME_COLUMNS)]
  if (columnOf(file, [LINK_COLUMN]) >= 0) {
    throw new UsageProblem(`${path} has a column ${LINK_COLUMN} already`, 'Name the file without links.')
  }
  const rows = file.rows.filter((row) => !isBlank(row))
  const people = new Map(
    rows.map((row) => [row, { id: (row.cells[id] ?? '').trim(), name: (row.cells[name] ?? '').trim() }]),
  )
  // systems write 0 for no person
  const bare = rows.filter((row) => /^0?$/.test(people.get(row)!.id) || people.get(row)!.name === '')
  if (bare.length === 0) return people
  const named = bare.slice(0, MAX_NAMED).map(({ number }) => number)
  const more = bare.length > MAX_NAMED ? ` and ${bare.length - MAX_NAMED} more` : ''
  throw new UsageProblem(
    `${path}: no id or no name in row ${named.join(', ')}${more}`,
    'Fill the cells in, or delete the rows.',
  )
}

/** An email address leaves neither in a link nor to Kinescope. */
function idWith(secret: string): (id: string) => Promise<string> {
  const pseudonym = pseudonymWith(secret)
  return async (id) => (id.includes('@') ? pseudonym(`email:${id.toLowerCase()}`) : id)
}

/** The row with one more cell at the header's end. */
function withCell(row: Row, cell: string, { header, delimiter }: PeopleFile): string {
  return row.text + delimiter.repeat(header.cells.length - row.cells.length + 1) + cell
}

/** Reads what signs personal links and where they lead. @throws ConfigProblem */
export const linkSettings = (call: Call) =>
  settingsOf(call, (reader) => ({
    secret: reader.isGiven('CHAT_LINK_SECRET')
      ? reader.value('CHAT_LINK_SECRET')!
      : reader.required('CHAT_IDENTITY_SECRET', ', and so is CHAT_LINK_SECRET')!,
    publicUrl: reader.value('CHAT_PUBLIC_URL'),
    events: reader.value('CHAT_EVENTS'),
    sources: reader.value('CHAT_IDENTITY') ?? [],
  }))

function warnings(
  people: ReadonlyMap<Row, Person>,
  { events, sources }: ReturnType<typeof linkSettings>,
  eventId: string,
): string[] {
  const seen = new Set([...people.values()].map(({ id }) => id.toLowerCase()))
  const twice = people.size - seen.size
  return [
    ...(twice > 0 ? [`${twice} of the rows repeat an id: those people are one visitor in the chat.`] : []),
    ...(events !== undefined && !eventLookup(events)(eventId)
      ? [`CHAT_EVENTS doesn’t list ${eventId}: the server rejects these links. Add it.`]
      : []),
    ...(sources.length > 0 && !sources.includes('link')
      ? [
          `CHAT_IDENTITY has no link: the server rejects these links. Write CHAT_IDENTITY=link,${sources.join(',')}`,
        ]
      : []),
  ]
}

/** Only the operator may read it, and no other file is replaced. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new UsageProblem(`${path} exists already`, 'Name a new file with --output.')
  }
}
