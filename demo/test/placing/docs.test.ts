import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const text = (path: string) => readFileSync(`${root}/${path}`, 'utf8')

describe('docs/embedding.md', () => {
  const docs = text('docs/embedding.md')

  it.each([
    ...[
      'tinymce.js',
      'ckeditor5.js',
      'tiptap.js',
      'quill.js',
      'grapesjs.js',
      'dompurify.js',
      'sanitizer-api.js',
    ].map((name) => `editors/${name}`),
    ...['editors/sanitize-html.ts', 'servers/express.ts', 'react/chat.tsx'],
    ...['identity/identity-token.php', 'identity/identity_token.py', 'identity/identity-token.js'],
  ])('shows %s as it is tested', (name) => {
    expect(docs).toContain(`\n${text(`demo/examples/${name}`).trim()}\n\`\`\``)
  })

  it('leaves the route handler of Next.js to its quick start', () => {
    expect(text('docs/start/nextjs.md')).toContain(
      `\n${text('demo/examples/next/app/token/route.ts').trim()}\n\`\`\``,
    )
  })

  it('leads nowhere that is not there', () => {
    const headings = (markdown: string) =>
      [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
        heading!
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\- ]/gu, '')
          .replaceAll(' ', '-'),
      )
    for (const [, target] of docs.matchAll(/\]\(([^)]+)\)/g)) {
      const [path, anchor] = target!.split('#')
      const file = path ? `docs/${path}` : 'docs/embedding.md'
      expect(existsSync(`${root}/${file}`), target).toBe(true)
      if (anchor) expect(headings(text(file)), target).toContain(anchor)
    }
  })
})
