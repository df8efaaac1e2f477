import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askToken, EVENT, makeKey, startTestServer, type TestServer } from '../running-server.js'
import { secret as kept } from '../secrets.js'

const page = readFileSync(new URL('../../docs/identity-hmac.md', import.meta.url), 'utf8')
const SECRET = kept(randomBytes(32).toString('base64'))
const ID = 'member-7'
const NAME = 'Жанна "O’Neil" \\ <Ő> & 李'
const PLAIN_NAME = 'Jeanne Ő'
const wanted = [SECRET, ID, NAME, EVENT] as const

/** The page's code under a heading. */
function codeUnder(heading: string): string {
  const [, code] =
    new RegExp(`^### ${heading}\\n[\\s\\S]*?^\`\`\`\\w+\\n([\\s\\S]*?)^\`\`\``, 'm').exec(page) ?? []
  expect(code, `code under "${heading}"`).toBeDefined()
  return code!
}

interface Language {
  heading: string
  program: string
  /** The program that prints the token. It gets the page's code, and the four values as arguments. */
  files: (code: string) => Record<string, string>
  command: string[]
  /** Passes the four values in the environment instead. */
  environment?: true
}

const LANGUAGES: Language[] = [
  {
    heading: 'PHP',
    program: 'php',
    files: (code) => ({ 'try.php': `<?php\n${code}\necho chat_identity(...array_slice($argv, 1));\n` }),
    command: ['php', 'try.php'],
  },
  {
    heading: 'JavaScript',
    program: 'node',
    files: (code) => ({ 'try.mjs': `${code}\nconsole.log(chatIdentity(...process.argv.slice(2)))\n` }),
    command: ['node', 'try.mjs'],
  },
  {
    heading: 'Python',
    program: 'python3',
    files: (code) => ({ 'try.py': `${code}\nimport sys\nprint(chat_identity(*sys.argv[1:]))\n` }),
    command: ['python3', 'try.py'],
  },
  {
    heading: 'Go',
    program: 'go',
    files: (code) => ({
      'identity.go': code,
      'main.go': `package main

import (
	"fmt"
	"os"
)

func main() {
	token, err := chatIdentity(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		panic(err)
	}
	fmt.Println(token)
}
`,
      'go.mod': 'module chat\n\ngo 1.18\n',
    }),
    command: ['go', 'run', '.'],
  },
  {
    heading: 'Java',
    program: 'java',
    files: (code) => ({
      // Java starts the first class of a single source file
      'Try.java': code.replace(
        /^class ChatIdentity/m,
        `class Try {
    public static void main(String[] args) throws Exception {
        System.out.println(ChatIdentity.of(args[0], args[1], args[2], args[3]));
    }
}

class ChatIdentity`,
      ),
    }),
    command: ['java', '-Dfile.encoding=UTF-8', '-Dsun.jnu.encoding=UTF-8', 'Try.java'],
  },
  {
    heading: 'Perl',
    program: 'perl',
    files: (code) => ({
      'try.pl': `${code}\nutf8::decode($_) for @ARGV;\nprint chat_identity(@ARGV), "\\n";\n`,
    }),
    command: ['perl', 'try.pl'],
  },
  {
    heading: 'Liquid',
    program: 'node',
    files: (code) => ({
      'page.liquid': code,
      // the two filters that Shopify adds, as in its documentation
      'try-liquid.mjs': `import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Liquid } from ${JSON.stringify(import.meta.resolve('liquidjs'))}

const [secret, id, name, event] = process.argv.slice(2)
const liquid = new Liquid()
liquid.registerFilter('base64_url_safe_encode', (text) =>
  Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
)
liquid.registerFilter('hmac_sha256', (text, key) => createHmac('sha256', key).update(text).digest('hex'))
const page = liquid.parseAndRenderSync(readFileSync('page.liquid', 'utf8'), { secret, event, customer: { id, name } })
console.log(/^<kinescope-chat event-id="[^"]+" identity="([^"]+)"><\\/kinescope-chat>$/.exec(page.trim())[1])
`,
    }),
    command: ['node', 'try-liquid.mjs'],
  },
  {
    heading: 'A shell, to try it',
    program: 'openssl',
    files: (code) => ({ 'try.sh': code }),
    command: ['sh', 'try.sh'],
    environment: true,
  },
]

const isInstalled = (program: string) => {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${program}`])
    return true
  } catch {
    console.warn(`skipped: the code for ${program} needs it (apt-get install ${program})`)
    return false
  }
}

describe('docs/identity-hmac.md', () => {
  let server: TestServer
  let folder = ''
  beforeAll(async () => {
    const { kid, pem } = makeKey()
    server = await startTestServer({
      CHAT_IDENTITY: 'hmac',
      CHAT_IDENTITY_SECRET: SECRET,
      CHAT_PRIVATE_KEY: pem,
      CHAT_KEY_ID: kid,
    })
    folder = mkdtempSync(join(tmpdir(), 'hmac-page-'))
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  const installed = LANGUAGES.filter(({ program }) => isInstalled(program))

  it('has code in at least six languages, and a test of each', () => {
    const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(LANGUAGES.map(({ heading }) => heading))
    expect(headings.length).toBeGreaterThanOrEqual(6)
    // the project requires these two
    expect(installed.map(({ heading }) => heading)).toEqual(expect.arrayContaining(['JavaScript', 'PHP']))
  })

  it.each(installed)(
    'makes a token in $heading that the server accepts',
    { timeout: 120_000 },
    async (language) => {
      const { heading, files, command, environment } = language
      for (const [name, text] of Object.entries(files(codeUnder(heading))))
        writeFileSync(join(folder, name), text)
      const name = environment ? PLAIN_NAME : NAME
      const [secret, id, , event] = wanted
      const [program, ...args] = command as [string, ...string[]]
      const values = { secret, id, name, event }
      const token = execFileSync(program, environment ? args : [...args, ...Object.values(values)], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C.UTF-8', GOFLAGS: '-mod=mod', ...(environment && values) },
      }).trim()
      const response = await askToken(server.url, { authorization: `Bearer ${token}` })
      expect(response.status).toBe(200)
      const claims = decodeJwt(((await response.json()) as { token: string }).token)
      expect(claims).toMatchObject({ username: name, event_id: EVENT })
      expect((await askToken(server.url, { authorization: `Bearer ${token.slice(0, -1)}` })).status).toBe(401)
    },
  )

  it('lists only reasons that the server has', () => {
    const sources = ['hmac-token', 'jwt', 'identity'].map((name) =>
      readFileSync(new URL(`../../src/identity/${name}.ts`, import.meta.url), 'utf8'),
    )
    const reasons = [...page.matchAll(/^\| `[\w-]+` \| `([\w-]+)` \| /gm)].map(([, reason]) => reason!)
    expect(reasons.length).toBeGreaterThan(5)
    for (const reason of reasons) expect(sources.join(''), reason).toContain(`'${reason}'`)
  })
})
