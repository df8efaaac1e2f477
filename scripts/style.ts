// `npm run check`: the rules of plain words that a program can check. Sentence length, banned words, visitors' headings.
// It reads Markdown, the packages' strings and visitors' texts, and comments and test titles everywhere.
// `node --import tsx scripts/style.ts [FILE…]`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import MarkdownIt from 'markdown-it'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The aim is 20 words. A sentence that lists names or values may need more. */
export const MAX_WORDS = 30
export const MAX_HEADING_WORDS = 5
export const MAX_MESSAGE_SENTENCES = 2

/** Files that a program writes, and files of other projects. */
const GENERATED = [
  /\/docs\/api\//,
  /^packages\/wordpress\/plugin\/languages\//,
  /(^|\/)(?:test|tests|vendor)\/.*\.(?:md|txt)$|(^|\/)vendor\//,
]

/** A word or phrase that this product doesn't use, and the standard one. */
const BANNED: [pattern: RegExp, instead: string][] = [
  [/\bsomebody who\b/iu, 'a visitor who, an operator who'],
  [/\bwho(so)?ever\b/iu, 'name the reader: you, the operator, the visitor'],
  [/\bthat which\b/iu, 'the thing itself'],
  [/\b(?:is|are|was|were) to be\b/iu, 'must be, or the active voice'],
  [/\bha(?:s|ve|d) to be\b/iu, 'must be, or the active voice'],
  [/\bstatements?\b/iu, 'identity token'],
  [/\bwho-is-it\b/iu, 'identity endpoint'],
  [/\bmend(?:s|ed|ing)?\b/iu, 'fix'],
  [/\bstrangers?\b/iu, 'unknown visitor, other site'],
  [/\bportions?\b/iu, 'batch'],
  [/\bwish(?:es)?\b/iu, 'option'],
  [/\bpatien(?:ce|t)\b/iu, 'limit, timeout'],
  [/\b(?:the|a|every|each|before the) doors?\b/iu, 'entry point, admission'],
  [/\b(?:a|your|this|another|stream[’']s) pass\b/iu, 'identity token, chat access'],
  [/\b(?:in|a|the) turns?\b(?! server)/iu, 'alternately, task'],
  [/\bof course\b/iu, 'nothing'],
  [/\bsomebody else[’']s (?:answer|words?)\b/iu, 'unexpected response'],
  [/\bplacing\b/iu, 'embedding'],
  [/пропуск(?!а(?:ет|ют|ть))/iu, 'доступ к чату, токен'],
  [/утвержден/iu, 'токен идентификации'],
  [/достучаться/iu, 'нет связи'],
  [/сам(?:о|а|и)? собой/iu, 'автоматически'],
]

/** The same in comments and in titles of tests. */
const BANNED_IN_CODE: [pattern: RegExp, instead: string][] = [
  ...BANNED,
  [/\b(?:some|no|any)body\b/iu, 'name the role: a visitor, an operator, another process, no one'],
  [/\btold\b/iu, 'receives, is notified, is configured'],
  [/\bstands?\b(?! for)/iu, 'is, contains, represents'],
  [/\bwhat (?:is|are|was|were)\b(?! wrong)/iu, 'the noun: the requests in flight, the remaining time'],
]

export interface Text {
  line: number
  text: string
  /** A comment, or the title of a test. */
  code?: true
}

export interface Finding {
  file: string
  line: number
  rule: 'sentence' | 'word' | 'heading' | 'message'
  text: string
  advice: string
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' })

export const wordsOf = (text: string): number =>
  text.match(/[\p{L}\p{N}][\p{L}\p{N}’'._/:@=-]*/gu)?.length ?? 0

export const sentencesOf = (text: string): string[] =>
  [...sentences.segment(text)].map(({ segment }) => segment.trim()).filter((segment) => wordsOf(segment) > 0)

/** The prose of Markdown: a text for each paragraph, heading, list item and cell. Code counts as one word. */
export function markdownTexts(markdown: string): Text[] {
  const [, front = '', body = markdown] = /^---\n([^]*?\n)---\n([^]*)$/.exec(markdown) ?? []
  const shift = front ? front.split('\n').length + 1 : 0
  const fields = [...front.matchAll(/^[ -]*(?:text|tagline|title|details): (.+)$/gm)].map(
    ([, text]): Text => ({ line: 1, text: text! }),
  )
  const prose = body.replaceAll(/<!--[^]*?-->/g, blank)
  let line = 0
  const texts: Text[] = []
  for (const { type, map, children } of new MarkdownIt({ html: true }).parse(prose, {})) {
    line = map?.[0] ?? line
    if (type !== 'inline') continue
    // a capital, since a sentence may begin with code
    const parts = (children ?? []).map((part) =>
      part.type === 'code_inline'
        ? 'Code'
        : /break$/.test(part.type)
          ? ' '
          : part.type === 'text'
            ? part.content
            : '',
    )
    texts.push({ line: line + shift + 1, text: parts.join('') })
  }
  return [...fields, ...texts]
}

/** The texts in a program: string literals of four words and more, joined where they are added. */
export function programTexts(source: string): Text[] {
  const file = ts.createSourceFile('x.ts', source, ts.ScriptTarget.Latest, true)
  const texts: Text[] = []
  const textOf = (node: ts.Node): string | null => {
    if (ts.isStringLiteralLike(node)) return node.text
    if (ts.isTemplateExpression(node))
      return node.head.text + node.templateSpans.map((span) => `x${span.literal.text}`).join('')
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
      const [left, right] = [textOf(node.left), textOf(node.right)]
      return left === null && right === null ? null : `${left ?? 'x'}${right ?? 'x'}`
    }
    return null
  }
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) || ts.isImportDeclaration(node)) return
    const text = textOf(node)
    if (text === null) return ts.forEachChild(node, visit)
    // markup, style sheets, programs and tables of characters in a string are no prose
    if (wordsOf(text) < 4 || /[{;]\s*$/m.test(text) || /<\/?[a-z][^>]*>/.test(text)) return
    if (!/\p{L}{4}/u.test(text)) return
    const { line } = file.getLineAndCharacterOfPosition(node.getStart())
    for (const part of text.split(/\n+/))
      texts.push({ line: line + 1, text: part.replaceAll(/`[^`]+`/g, 'Code') })
  }
  visit(file)
  return texts
}

/** A comment without its signs. Code in it counts as one word, and a tag such as `@param` as none. */
function commentText(comment: string): string {
  const text = comment.replaceAll(/^\s*(?:\/\*+|\/\/+|#|\*(?!\/))|\*+\/$/gm, '')
  return text
    .replaceAll(/`[^`]+`|\{@\w+ [^}]+\}/g, 'Code')
    .replaceAll(/@\w+/g, '')
    .trim()
}

/** Comments of one line each that follow each other are one text. */
function joinComments(comments: { line: number; text: string }[]): Text[] {
  const joined: (Text & { last: number })[] = []
  for (const { line, text } of comments) {
    const before = joined.at(-1)
    const isLine = /^(?:\/\/|#)/.test(text)
    if (before && isLine && before.last === line - 1) {
      before.text += ` ${commentText(text)}`
      before.last = line
    } else joined.push({ line, text: commentText(text), code: true, last: isLine ? line : -1 })
  }
  return joined.filter(({ text }) => !/^(?:oxlint|prettier|phpcs|@ts-)/.test(text))
}

/** The comments in a program, and the titles of its tests. */
export function commentTexts(source: string): Text[] {
  const file = ts.createSourceFile('x.ts', source, ts.ScriptTarget.Latest, true)
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1
  const comments = new Map<number, string>()
  const titles: Text[] = []
  const isTest = (node: ts.Node): boolean =>
    ts.isIdentifier(node)
      ? /^(?:describe|it|test|suite)$/.test(node.text)
      : ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)
        ? isTest(node.expression)
        : false
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of [
      ...(ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(source, node.getEnd()) ?? []),
    ])
      comments.set(pos, source.slice(pos, end))
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const [title] = node.arguments
      if (title && ts.isStringLiteralLike(title))
        titles.push({ line: lineOf(title.getStart()), text: title.text, code: true })
      else if (title && ts.isTemplateExpression(title))
        titles.push({
          line: lineOf(title.getStart()),
          text: title.head.text + title.templateSpans.map(({ literal }) => `x${literal.text}`).join(''),
          code: true,
        })
    }
    for (const child of node.getChildren()) visit(child)
  }
  visit(file)
  const sorted = [...comments].sort(([one], [other]) => one - other)
  return [...joinComments(sorted.map(([pos, text]) => ({ line: lineOf(pos), text }))), ...titles]
}

/** A comment in PHP, or a text in single or double quotes. */
const PHP_TOKEN = /(\/\*[^]*?\*\/|(?:\/\/|#)[^\n]*)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g

/** The comments in a PHP program, and its other texts if people read them. */
function phpTexts(source: string, speaks: boolean): Text[] {
  const tokens = [...source.matchAll(PHP_TOKEN)].map(({ index, 1: comment, 2: single, 3: double }) => ({
    line: source.slice(0, index).split('\n').length,
    comment,
    text: (single ?? double ?? '').replaceAll(/\\(['"])/g, '$1'),
  }))
  const isProse = (text: string) => wordsOf(text) >= 4 && !/<\/?[a-z][^>]*>|[{;]$/.test(text)
  return [
    ...tokens.flatMap(({ line, text }) => (speaks && isProse(text) ? [{ line, text }] : [])),
    ...joinComments(tokens.flatMap(({ line, comment }) => (comment ? [{ line, text: comment }] : []))),
  ]
}

/** Programs whose strings are no texts of the product. */
const COMMENTS_ONLY =
  /(?:^|\/)tests?\/|^(?:scripts|docs)\/|^demo\/(?!src\/)|^packages\/(?:element|server)\/(?!src\/)|\.m?jsx?$/

export function textsOf(file: string, source: string): Text[] {
  if (file.endsWith('.md')) return markdownTexts(source)
  // a plugin's readme begins with its title and fields
  if (file.endsWith('readme.txt')) return markdownTexts(source.replace(/^===.*\n(?:.+: .*\n)*/, blank))
  const speaks = !COMMENTS_ONLY.test(file)
  if (file.endsWith('.php')) return phpTexts(source, speaks)
  return [...(speaks ? programTexts(source) : []), ...commentTexts(source)]
}

/** What the rules find in one text. */
export function judge(file: string, { line, text, code }: Text): Finding[] {
  return [
    ...sentencesOf(text)
      .filter((sentence) => wordsOf(sentence) > MAX_WORDS)
      .map((sentence): Finding => {
        const advice = `${wordsOf(sentence)} words, at most ${MAX_WORDS}: make two sentences`
        return { file, line, rule: 'sentence', text: sentence, advice }
      }),
    ...(code ? BANNED_IN_CODE : BANNED).flatMap(([pattern, instead]): Finding[] => {
      const found = pattern.exec(text)
      if (!found) return []
      return [{ file, line, rule: 'word', text: found[0], advice: `write: ${instead}` }]
    }),
  ]
}

/** A visitor's text: a short heading, and two short sentences. */
export function judgeTopic(
  file: string,
  name: string,
  topic: { heading: string; message: string },
): Finding[] {
  const found: Finding[] = []
  const { heading, message } = topic
  if (wordsOf(heading) > MAX_HEADING_WORDS)
    found.push({
      file,
      line: 1,
      rule: 'heading',
      text: `${name}: ${heading}`,
      advice: `${wordsOf(heading)} words, at most ${MAX_HEADING_WORDS}`,
    })
  if (sentencesOf(message).length > MAX_MESSAGE_SENTENCES)
    found.push({
      file,
      line: 1,
      rule: 'message',
      text: `${name}: ${message}`,
      advice: `${sentencesOf(message).length} sentences, at most ${MAX_MESSAGE_SENTENCES}`,
    })
  return found
}

const CHECKED = /(^|\/)(?:[^/]+\.(?:md|[cm]?[jt]sx?|php)|readme\.txt)$/

function files(named: string[]): string[] {
  if (named.length) return named.map((name) => relative(ROOT, resolve(name)))
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return listed.split('\0').filter((file) => CHECKED.test(file) && !GENERATED.some((left) => left.test(file)))
}

/** The visitors' texts. */
const VISITORS_TEXTS = /(?:^|\/)view\/(en|ru)\.ts$/

async function visitorsFindings(file: string): Promise<Finding[]> {
  const [, language] = VISITORS_TEXTS.exec(file) ?? []
  if (!language) return []
  const module = (await import(resolve(ROOT, file))) as Record<
    string,
    { problems: Record<string, { heading: string; message: string }> }
  >
  return Object.entries(module[language]!.problems).flatMap(([name, topic]) => judgeTopic(file, name, topic))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found: Finding[] = []
  for (const file of files(process.argv.slice(2)))
    found.push(
      ...textsOf(file, readFileSync(`${ROOT}/${file}`, 'utf8')).flatMap((text) => judge(file, text)),
      ...(await visitorsFindings(file)),
    )
  for (const { file, line, text, advice } of found) console.error(`${file}:${line}: "${text}"\n  ${advice}`)
  if (found.length)
    console.error(`\n${found.length} findings. STYLE: short active sentences, standard terms.`)
  process.exitCode = found.length ? 1 : 0
}
