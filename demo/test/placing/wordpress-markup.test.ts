import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testsAll } from '../../../scripts/test-tier.js'
import { launchBrowser } from '../e2e/browser.js'

const PLUGIN = fileURLToPath(new URL('../../../packages/wordpress', import.meta.url))
const php = spawnSync('php', ['-m'], { encoding: 'utf8' })
const missing = php.status !== 0 || !/^mbstring$/m.test(php.stdout)
if (missing)
  console.log('Skipped: how the WordPress plugin reads markup. apt-get install php-cli php-mbstring phpunit')

const OWN = 'https://own.example/token'
const CHAT = '<kinescope-chat event-id="ID">'

/** Returns the texts as the plugin rewrites them, with a placeholder for each identity token. */
function rewrite(texts: string[]): string[] {
  const { stdout, stderr, status } = spawnSync('php', [`${PLUGIN}/test/rewrite.php`], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(stderr || stdout)
  return JSON.parse(stdout) as string[]
}

/** Pieces of markup that a tokenizer may read differently than a browser. */
const PIECES = [
  ...[
    CHAT,
    '</kinescope-chat>',
    '<KINESCOPE-CHAT EVENT-ID=ID/>',
    '<div data-kinescope-chat=ID>',
    '</div>',
    '<div>',
  ],
  ...['<a href="https://kinescope.io/chat/ID#kinescope-chat">', '</a>', '<p>', '</p>', 'text', ' ', '\n'],
  ...[
    '<img alt="',
    "<img src='https://evil.example/?",
    '"',
    "'",
    '>',
    '<',
    '/',
    '=',
    '/>',
    '<b a=',
    '\0',
    '<!',
    '<?',
    '</',
    '</>',
  ],
  ...['<!--', '-->', '--!>', '<!-->', '<!--->', '<![CDATA[', ']]>', '<!doctype html>'],
  ...[
    'script',
    'style',
    'textarea',
    'title',
    'xmp',
    'iframe',
    'noembed',
    'noframes',
    'noscript',
    'template',
  ].flatMap((name) => [`<${name}>`, `</${name}>`]),
  ...[
    'svg',
    'math',
    'select',
    'option',
    'foreignObject',
    'desc',
    'mi',
    'annotation-xml',
    'table',
    'td',
    'frameset',
    'g',
  ].flatMap((name) => [`<${name}>`, `</${name}>`]),
  ...[
    '<svg/>',
    '<path/>',
    '<plaintext>',
    '</body>',
    '<body>',
    '<head>',
    '<input>',
    '<button>',
    '<math><mi>',
    '<annotation-xml encoding="text/html">',
  ],
]

describe.skipIf(missing)('the WordPress plugin, on any markup', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await launchBrowser()
    page = await browser.newPage()
    await page.route('**', (route) =>
      route.request().url().endsWith('/blank')
        ? route.fulfill({ contentType: 'text/html', body: '' })
        : route.abort(),
    )
    await page.goto('http://own.example/blank')
  })
  afterAll(() => browser?.close())

  /** Where a browser's parser, with and without scripts, finds the placeholder: `ours`, or the name of another node. */
  const places = (texts: string[]): Promise<string[][]> =>
    page.evaluate(
      ({ texts, own }) => {
        const look = (root: Node, found: string[]) => {
          for (const node of [...root.childNodes]) {
            if (node instanceof Element)
              for (const { name, value } of [...node.attributes])
                if ((name + value).includes('IDENTITY_TOKEN')) {
                  const ours =
                    node.localName === 'kinescope-chat' && // inside svg and math, the tag has no effect
                    name === 'identity' &&
                    value === 'IDENTITY_TOKEN' &&
                    node.getAttribute('token-url') === own
                  found.push(ours ? 'ours' : `${node.nodeName}[${name}]`)
                }
            if (!(node instanceof Element) && node.nodeValue?.includes('IDENTITY_TOKEN'))
              found.push(node.nodeName)
            look(node, found)
            if (node instanceof HTMLTemplateElement) look(node.content, found)
          }
        }
        return texts.map((text) => {
          const found: string[] = []
          look(
            new DOMParser().parseFromString(`<!doctype html><body><main>${text}</main>`, 'text/html'),
            found,
          )
          const live = document.createElement('main')
          document.body.replaceChildren(live)
          live.innerHTML = text
          look(document.body, found)
          return found
        })
      },
      { texts, own: OWN },
    )

  it('puts an identity token only into its own tags, for any markup, by a browser’s own parser', async () => {
    let identityTokens = 0
    const texts = fc
      .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 14 })
      .map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 300, maxLength: 300 }), async (batch) => {
        // a chat follows each text, and the markup before it must not capture its identity token
        const given = batch.map((text) => `${text}${CHAT}</kinescope-chat>'">`)
        const made = rewrite(given)
        for (const [index, found] of (await places(made)).entries()) {
          identityTokens += found.length
          const elsewhere = found.filter((place) => place !== 'ours')
          expect(elsewhere, JSON.stringify([given[index], made[index]])).toEqual([])
        }
      }),
      { numRuns: Number(process.env['MARKUP_RUNS'] ?? (testsAll ? 15 : 5)), endOnFailure: true },
    )
    expect(identityTokens).toBeGreaterThan(testsAll ? 1000 : 300)
  })

  it('gives an identity token to every chat that a browser sees in plain markup', async () => {
    const plain = fc.constantFrom(
      ...[
        '<p>text</p>',
        '<div><b a="1" c=\'2\'>x</b></div>',
        '<!-- note -->',
        '<ul><li>a<li>b</ul>',
        '<table><tr><td>x</table>',
      ],
      ...[
        '<svg viewBox="0 0 1 1"><title>t</title><path d="M0"/></svg>',
        '<style>a{}</style>',
        '<script>1<2</script>',
        '<textarea>x</textarea>',
      ],
      ...[
        '<select><option>1<option>2</select>',
        '<noscript><img src="x.png"></noscript>',
        '<iframe></iframe>',
        '<br/>',
        'a < b & c',
      ],
      ...[
        `${CHAT}</kinescope-chat>`,
        '<div data-kinescope-chat="ID"></div>',
        '<p><a href="https://kinescope.io/chat/ID#kinescope-chat">x</a></p>',
      ],
    )
    const batch = fc.sample(fc.array(plain, { minLength: 1, maxLength: 20 }), { numRuns: 500, seed: 1 })
    const chats = batch.map((pieces) => pieces.filter((piece) => /kinescope/.test(piece)).length)
    const found = await places(rewrite(batch.map((pieces) => pieces.join(''))))
    for (const [index, places] of found.entries())
      expect(places, batch[index]!.join('')).toEqual(Array(2 * chats[index]!).fill('ours'))
  })

  it.skipIf(!existsSync('/usr/bin/phpunit'))('passes its PHPUnit tests, which need no WordPress', () => {
    const { stdout, status } = spawnSync('phpunit', ['-c', `${PLUGIN}/test/phpunit.xml`], {
      encoding: 'utf8',
    })
    expect(status, stdout).toBe(0)
  })
})
