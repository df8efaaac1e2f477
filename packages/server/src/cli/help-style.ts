import { Help } from 'commander'
import stringWidth from 'string-width'
import { levelsOf, pathOf } from './parser-levels.js'
import { NARROWEST, type Terminal } from './terminal.js'

/** Below this, meanings stand under their flags instead of beside them. */
const BESIDE_FROM = 70

/** Flat lists of commands, our styles, widths as a terminal counts them. */
export function helpStyle({ colours, columns }: Terminal): Partial<Help> {
  return {
    visibleOptions(command) {
      const [help] = Help.prototype.visibleOptions.call(this, command).slice(-1)
      return [...levelsOf(command).flatMap((level) => level.options), ...(help ? [help] : [])]
    },
    displayWidth: (text) => stringWidth(text),
    minWidthToWrap: NARROWEST,
    styleTitle: (text) => colours.bold(text).ansi,
    visibleCommands: (command) =>
      command.commands.flatMap((sub) => (sub.commands.length > 0 ? sub.commands : [sub])),
    subcommandTerm: (command) =>
      [
        pathOf(command),
        ...command.registeredArguments.map((arg) => (arg.required ? arg.name() : `[${arg.name()}]`)),
      ].join(' '),
    subcommandDescription: (command) => command.summary(),
    visibleArguments: () => [],
    formatItem(term, termWidth, description, helper) {
      const indent = '  '
      const room = (this.helpWidth ?? 80) - indent.length
      if (columns < BESIDE_FROM || termWidth > 34) {
        const under = helper.boxWrap(description, room - 4).replaceAll('\n', `\n${indent}    `)
        return `${indent}${term}${description ? `\n${indent}    ${under}` : ''}`
      }
      const beside = helper.boxWrap(description, room - termWidth - 2)
      const pad = ' '.repeat(termWidth - stringWidth(term) + 2)
      return `${indent}${term}${pad}${beside.replaceAll('\n', `\n${indent}${' '.repeat(termWidth + 2)}`)}`
    },
  }
}
