import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'

import { SETTING_GROUPS, SETTINGS, type Setting } from '../src/settings.js'

const PAGE = new URL('../docs/settings.md', import.meta.url)
const SECTION = /(<!-- settings: [^\n]*-->\n)[\s\S]*?(<!-- \/settings -->)/

it('docs/settings.md contains the current table of settings', () => {
  const page = readFileSync(PAGE, 'utf8')
  const right = page.replace(SECTION, (_all, start, end) => `${String(start)}${table()}${String(end)}`)
  if (process.env['UPDATE_DOCS']) writeFileSync(PAGE, right)
  else expect(page).toBe(right)
  expect(page.match(SECTION)).not.toBeNull()
})

it('the table contains each setting, each flag and each heading once', () => {
  expect(new Set(SETTINGS.map(({ name }) => name)).size).toBe(SETTINGS.length)
  expect(new Set(SETTINGS.map(({ flag }) => flag)).size).toBe(SETTINGS.length)
  expect(new Set(SETTINGS.map(({ group }) => group))).toEqual(new Set(SETTING_GROUPS))
})

function table(): string {
  return SETTING_GROUPS.map((title) => {
    const rows = SETTINGS.filter(({ group }) => group === title).map(rowOf)
    return [
      '',
      `### ${title}`,
      '',
      '| variable, flag | default | meaning |',
      '| --- | --- | --- |',
      ...rows,
      '',
    ].join('\n')
  }).join('')
}

function rowOf(setting: Setting): string {
  const { name, default: standard, secret, value, meaning } = setting
  const names = secret ? `\`${name}\`<br>\`${name}_FILE\`` : `\`${name}\``
  const flag = `\`--${setting.flag} ${secret ? 'FILE' : value}\``.replaceAll('|', '\\|')
  return `| ${names}<br>${flag} | ${standard === undefined ? '–' : `\`${standard}\``} | ${meaning} |`
}
