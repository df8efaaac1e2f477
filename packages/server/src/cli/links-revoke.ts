import { resolve } from 'node:path'
import { revokeLinks } from '../identity/link-files.js'
import { linkClaimsWith } from '../identity/link.js'
import { settingsOf, textFlag, UsageProblem, YES_FLAG, type Command } from './command.js'
import { linkSettings } from './links.js'
import { LINK_COLUMN } from './links.js'
import { columnOf, readPeopleFile, type Row } from './people-file.js'

export const linksRevoke: Command = {
  name: 'links revoke',
  args: ['FILE'],
  summary: 'revoke personal links by their rows',
  flags: {
    rows: { value: 'ROWS', meaning: 'rows as a spreadsheet numbers them, such as 2,5-9; the header is 1' },
    all: { meaning: 'every link of the file' },
    ...YES_FLAG,
  },
  settings: ['CHAT_LINK_SECRET', 'CHAT_IDENTITY_SECRET', 'CHAT_LINK_DIR'],
  notes: [
    'FILE is the output of `links`. Servers that share CHAT_LINK_DIR reject the links within a second. A visitor in the chat stays until their chat token expires.',
  ],
  async run(call) {
    const path = call.args[0]!
    const rows = textFlag(call, 'rows')
    if ((rows === undefined) === (call.flags['all'] !== true)) {
      throw new UsageProblem(
        rows === undefined ? 'links revoke needs --rows or --all' : '--rows and --all are both given',
        'Write, for example, --rows 2,5-9.',
      )
    }
    const { secret } = linkSettings(call)
    const dir = settingsOf(call, (reader) => reader.value('CHAT_LINK_DIR'))
    const file = await readPeopleFile(path)
    const column = columnOf(file, [LINK_COLUMN])
    if (column < 0) {
      throw new UsageProblem(`${path} has no column ${LINK_COLUMN}`, 'Name the output of `links`.')
    }
    const linked = file.rows.filter(({ cells }) => (cells[column] ?? '').trim() !== '')
    const chosen = rows === undefined ? linked : rowsOf(rows, linked)
    const claimsOf = linkClaimsWith(secret)
    const ids: string[] = []
    for (const { number, cells } of chosen) {
      const token = (cells[column] ?? '').split('#kinescope-chat=')[1]?.trim() ?? ''
      const claims = await claimsOf(token)
      if (claims === null) {
        throw new UsageProblem(
          `row ${number} has no link that this secret signed`,
          'Check CHAT_LINK_SECRET, and that FILE is the output of `links`. Nothing was revoked.',
        )
      }
      ids.push(claims.id)
    }
    await call.confirm(`${count(ids.length)} will open nothing`)
    await revokeLinks(dir, ids)
    return {
      exit: 0,
      data: { revoked: ids.length, rows: chosen.map(({ number }) => number) },
      text: call.terminal.line(
        'ok',
        `${count(ids.length)} revoked in ${resolve(dir)}`,
        'The server must have the same CHAT_LINK_DIR.',
      ),
    }
  },
}

const count = (links: number) => `${links} ${links === 1 ? 'link' : 'links'}`

/** The rows of `2,5-9`. @throws UsageProblem */
function rowsOf(text: string, linked: readonly Row[]): Row[] {
  const ranges = text.split(',').map((part) => {
    const [, from, to = from] = /^\s*(\d{1,7})\s*(?:-\s*(\d{1,7})\s*)?$/.exec(part) ?? []
    const range = { from: Number(from), to: Number(to) }
    const isEmpty = !linked.some(({ number }) => number >= range.from && number <= range.to)
    if (from === undefined || isEmpty) {
      throw new UsageProblem(
        `--rows: no link in row ${part.trim()}`,
        'Write numbers and ranges, such as 2,5-9. The header is row 1.',
      )
    }
    return range
  })
  return linked.filter(({ number }) => ranges.some(({ from, to }) => number >= from && number <= to))
}
