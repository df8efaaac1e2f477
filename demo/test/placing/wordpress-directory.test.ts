import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'

const PACKAGE = fileURLToPath(new URL('../../../packages/wordpress', import.meta.url))
const NAME = 'live-chat-for-kinescope-streams'
const zip = readFileSync(`${PACKAGE}/dist/${NAME}.zip`)
const files = Object.fromEntries(
  Object.entries(unzipSync(zip)).map(([path, bytes]) => [
    path.slice(NAME.length + 1),
    Buffer.from(bytes).toString(),
  ]),
)
const php = Object.entries(files).filter(([path]) => path.endsWith('.php'))
const readme = files['readme.txt']!
const header = (name: string) => new RegExp(`^(?: \\*)? *${name}: *(.+)$`, 'm')
const has = (command: string) => spawnSync(command, ['--version']).status === 0

/** The rules of the plugin directory and of its check that this test can verify by itself. */
describe('the archive of the WordPress plugin', () => {
  it('contains the files of a plugin, and no others', () => {
    for (const path of [
      `${NAME}.php`,
      'readme.txt',
      'LICENSE',
      'uninstall.php',
      `languages/${NAME}.pot`,
      `languages/${NAME}-ru_RU.mo`,
    ])
      expect(Object.keys(files)).toContain(path)
    for (const path of Object.keys(files)) {
      expect(path).toMatch(/^[\w./-]+\.(php|txt|js|css|json|pot|po|mo)$|^LICENSE$|^lib\/openssl\.cnf$/)
      expect(path).not.toMatch(/(^|\/)\.|node_modules|(^|\/)tests?\/|\.(zip|phar|exe|sh)$/)
    }
    expect(zip.length).toBeLessThan(1_000_000)
  })

  it('has the same metadata in the readme as in its header', () => {
    const main = files[`${NAME}.php`]!
    for (const [inHeader, inReadme] of [
      ['Version', 'Stable tag'],
      ['Requires at least', 'Requires at least'],
      ['Requires PHP', 'Requires PHP'],
      ['License', 'License'],
      ['License URI', 'License URI'],
    ]) {
      const value = header(inHeader!).exec(main)?.[1]
      expect(value, inHeader).toBeTruthy()
      expect(header(inReadme!).exec(readme)?.[1], inReadme).toBe(value)
    }
    const name = header('Plugin Name').exec(main)![1]
    expect(readme.startsWith(`=== ${name} ===\n`)).toBe(true)
    expect(name).not.toMatch(/^(kinescope|wordpress|wp\b)/i)
    expect(header('Text Domain').exec(main)![1]).toBe(NAME)
    expect(header('Tested up to').exec(readme)![1]).toMatch(/^\d+\.\d+$/)
    expect(header('Tags').exec(readme)![1]!.split(',').length).toBeLessThanOrEqual(5)
    const summary = readme.split(/\n\n/)[1]!.trim()
    expect(summary.length).toBeLessThanOrEqual(150)
    for (const section of [
      'Description',
      'External services',
      'Installation',
      'Frequently Asked Questions',
      'Changelog',
    ])
      expect(readme).toContain(`\n== ${section} ==\n`)
    expect(readme).toContain(`\n= ${header('Version').exec(main)![1]} =\n`)
  })

  it('has no PHP file that runs outside of WordPress', () => {
    for (const [path, text] of php)
      expect(text, path).toMatch(/\ndefined\( '(ABSPATH|WP_UNINSTALL_PLUGIN)' \) \|\| exit;\n/)
  })

  it('escapes its output', () => {
    for (const [path, written] of php) {
      // the endpoint prints JSON, not a page
      const text = written.replace(/^.*phpcs:ignore WordPress\.Security\.EscapeOutput -- JSON\.$/m, '')
      // every argument of echo and printf is a literal, a number, or the result of a function of WordPress
      for (const [, printed] of text.matchAll(/\b(?:echo|print)\s+([^;]+);/g))
        for (const part of printed!.split(/ \. /))
          expect(part.trim(), path).toMatch(/^(['"]|esc_\w+\(|submit_button|[^$]*$)/)
      for (const [, args] of text.matchAll(/\bprintf\(\n([\s\S]*?)\n\t+\);/g))
        for (const line of args!.split('\n').map((line) => line.trim()))
          expect(line, path).toMatch(/^('|esc_\w+\(|\(int\) )/)
    }
  })

  it('uses its own namespace, text domain and option names', () => {
    for (const [path, text] of php) {
      if (path !== 'uninstall.php')
        expect(text, path).toMatch(/^namespace Live_Chat_For_Kinescope_Streams(\\Token_Server)?;$/m)
      for (const [call, domain] of text.matchAll(
        /\b(?:__|_e|_x|esc_html__|esc_html_e|esc_attr__|esc_attr_e)\(\s*(?:'(?:[^'\\]|\\.)*'|[^,()]+),\s*'([^']*)'\s*\)/g,
      ))
        expect(domain, call).toBe(NAME)
      const calls = text.match(/\b(?:__|_e|_x|esc_html__|esc_html_e|esc_attr__|esc_attr_e)\(/g) ?? []
      expect(text.match(new RegExp(`'${NAME}' \\)`, 'g'))?.length ?? 0, path).toBeGreaterThanOrEqual(
        calls.length,
      )
      // a comment explains the placeholders to translators
      const lines = text.split('\n')
      for (const [index, line] of lines.entries())
        if (/\b(?:__|esc_html__)\( '[^']*%/.test(line)) expect(lines[index - 1], line).toMatch(/translators:/)
      for (const [, option] of text.matchAll(
        /\b(?:get_option|update_option|add_option|delete_option|set_transient|get_transient|apply_filters)\( '([^']+)'/g,
      ))
        expect(option, path).toMatch(
          // the former name, the current name, and names that WordPress defines
          /^(stream_chat_for_kinescope|live_chat_for_kinescope_streams|widget_|date_format$|home$|https_local_ssl_verify$)/,
        )
    }
  })

  it('reads a form only after a check of its nonce and of the user’s capability', () => {
    const readers = php.filter(([, text]) => /\$_(POST|GET|REQUEST|COOKIE|FILES)\b/.test(text))
    expect(readers.map(([path]) => path)).toEqual([
      'includes/class-settings-page.php',
      'includes/class-setup-page.php',
      'includes/class-token-route.php',
    ])
    const [[, settings], [, setup], [, route]] = readers as [
      [string, string],
      [string, string],
      [string, string],
    ]
    expect(settings.match(/check_admin_referer\(/g)!.length).toBe(
      settings.match(/isset\( \$_POST\[/g)!.length,
    )
    expect(settings).toContain('current_user_can(')
    // one method checks the user and the nonce; it alone calls the method that reads the fields
    const [before, inside] = setup.split('private static function perform(')
    const act = before!.slice(before!.indexOf('public static function act('))
    expect(act).toMatch(/current_user_can\([^]*check_admin_referer\([^]*self::perform\(/)
    expect(setup.match(/self::perform\(/g)).toHaveLength(1)
    expect(inside!.slice(inside!.indexOf('\n\tprivate static'))).not.toContain('$_POST')
    // cached pages have no nonce, so the endpoint checks only whether its query parameter exists
    expect(route.match(/\$_(POST|GET|REQUEST|COOKIE|FILES)\b.*/g)).toEqual([
      expect.stringContaining('$_GET[ self::QUERY ] ) ) {') as string,
    ])
  })

  it.skipIf(!has('phpcs'))('follows the WordPress coding standards', () => {
    const { stdout, status } = spawnSync('phpcs', [`--standard=${PACKAGE}/phpcs.xml`, '-q'], {
      cwd: PACKAGE,
      encoding: 'utf8',
    })
    expect(status, stdout).toBe(0)
  })

  it.skipIf(!has('xgettext'))('has all its texts in its catalogs, also in Russian', () => {
    const { stderr, stdout, status } = spawnSync('node', ['scripts/make-pot.mjs', '--check'], {
      cwd: PACKAGE,
      encoding: 'utf8',
    })
    expect(status, stderr + stdout).toBe(0)
  })
})
