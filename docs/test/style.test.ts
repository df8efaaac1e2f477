import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { judge, judgeTopic, sentencesOf, textsOf, wordsOf } from '../../scripts/style.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const words = (count: number) => Array.from({ length: count }, (_, index) => `Word${index}`).join(' ')
const rules = (file: string, source: string) =>
  textsOf(file, source).flatMap((text) => judge(file, text).map(({ rule, line }) => `${line} ${rule}`))

describe('the style check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'style-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** What the command prints about files with these texts, by name. Throws where the command fails. */
  function run(texts: Record<string, string>): string {
    const files = Object.entries(texts).map(([name, text]) => {
      const file = join(folder, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
      return file
    })
    const command = ['--import', 'tsx', join(ROOT, 'scripts/style.ts'), ...files]
    return execFileSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' })
  }
  const messages = (heading: string) =>
    `export const en = { problems: { denied: { heading: '${heading}', message: 'Ask us. Or wait.' } } }\n`

  it('fails as a command, which names each fault', () => {
    const page = `# Title\n\n${words(40)}.\n\nAsk somebody who knows.\n`
    let output = ''
    try {
      run({ 'page.md': page, 'view/en.ts': messages('This chat page is not open to you') })
    } catch (error) {
      output = String(error)
    }
    for (const fault of ['40 words', 'somebody who', '8 words, at most 5']) expect(output).toContain(fault)
  })

  it('passes as a command on short sentences and short headings', () => {
    const page = `# Title\n\n${words(20)}. ${words(20)}.\n`
    expect(run({ 'page.md': page, 'view/en.ts': messages('No access to this chat') })).toBe('')
  })

  it.each([
    ['a paragraph', 'page.md', `# T\n\n${words(31)}.\n`, ['3 sentence']],
    ['a list', 'page.md', `- a\n- ${words(31)}\n`, ['2 sentence']],
    ['a cell', 'page.md', `| a | b |\n| --- | --- |\n| c | ${words(31)} |\n`, ['3 sentence']],
    ['the front matter', 'page.md', `---\nhero:\n  tagline: ${words(31)}\n---\n\nText.\n`, ['1 sentence']],
    ['behind front matter', 'page.md', `---\nlayout: home\n---\n\nAsk whoever.\n`, ['5 word']],
    ['a string', 'a.ts', `const a =\n  '${words(31)}'\n`, ['2 sentence']],
    ['strings that are added', 'a.ts', `throw Error('${words(16)} ' + '${words(16)}')\n`, ['1 sentence']],
    ['a template', 'a.ts', 'log(`for somebody who reads ${this} at once`)\n', ['1 word']],
    ['PHP', 'a.php', `<?php\n// it's short\n$a = 'It is to be done at once';\n`, ['3 word']],
    ['a comment', 'a.ts', `/**\n * What is sent.\n */\nconst a = 1 // for whoever\n`, ['1 word', '4 word']],
    ['a sentence of two line comments', 'a.ts', `// ${words(16)}\n// ${words(16)}\nrun()\n`, ['1 sentence']],
    ['a comment in PHP', 'a.php', `<?php\n$a = "# what is"; # nobody reads it\n`, ['2 word']],
    ['the title of a test', 'test/a.test.ts', `it.each([1])('is told of %s', () => {})\n`, ['1 word']],
    ['Russian', 'page.md', 'Ваш пропуск в чат закончился.\n', ['1 word']],
  ])('finds %s', (_title, file, source, expected) => {
    expect(rules(file, source)).toEqual(expected)
  })

  it.each([
    ['code', 'page.md', `Run \`${words(40)}\`.\n\n\`\`\`\n${words(40)}\n\`\`\`\n`],
    ['comments', 'page.md', `<!-- ${words(40)} whoever -->\n\nText.\n`],
    ['the data of a test', 'test/a.test.ts', `expect(read('this is to be done at once')).toBe(1)\n`],
    ['directives', 'a.ts', `// oxlint-disable-next-line whoever\nrun()\n`],
    ['what is quoted as code', 'a.ts', '/** Reads `what is told`. */\nrun()\n'],
    ['names', 'a.ts', `import a from 'whoever/is-to-be'\nconst css = css\`${words(40)}\`\n`],
    ['a Russian verb', 'page.md', 'Прокси пропускает запрос.\n'],
  ])('leaves %s alone', (_title, file, source) => {
    expect(rules(file, source)).toEqual([])
  })

  it('fails on a heading of eight words and on a message of three sentences', () => {
    const topic = { heading: 'This chat page is not open to you', message: 'One. Two. Three.' }
    expect(judgeTopic('en.ts', 'denied', topic).map(({ rule }) => rule)).toEqual(['heading', 'message'])
    expect(judgeTopic('en.ts', 'denied', { heading: 'No access', message: 'Ask the organizers.' })).toEqual(
      [],
    )
  })

  it('counts words and sentences in both languages', () => {
    expect(wordsOf('The element’s file is 3.5 kB — not more')).toBe(8)
    expect(sentencesOf('Нет связи с чатом. Переподключаемся автоматически.')).toHaveLength(2)
  })
})
