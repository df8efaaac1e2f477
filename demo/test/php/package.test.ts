import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PHP_PACKAGE, whyNoPhp } from './php-server.js'

const missing = whyNoPhp()
const has = (command: string) => spawnSync(command, ['--version']).status === 0
/** Every PHP that is here: `php` and `php8.2`, say. */
const interpreters = ['php', ...readdirSync('/usr/bin').filter((name) => /^php[\d.]+$/.test(name))]

const phpFiles = () =>
  readdirSync(PHP_PACKAGE, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.php'))

describe.skipIf(missing)('the Composer package', () => {
  it.skipIf(!has('phpunit'))('passes its tests', { timeout: 300_000 }, () => {
    const { stdout, status } = spawnSync('phpunit', ['-c', 'test/phpunit.xml'], {
      cwd: PHP_PACKAGE,
      encoding: 'utf8',
    })
    expect(status, stdout.slice(-3000)).toBe(0)
  })

  it.skipIf(!has('phpcs'))('is written in PSR-12', () => {
    const { stdout, status } = spawnSync('phpcs', ['-q'], { cwd: PHP_PACKAGE, encoding: 'utf8' })
    expect(status, stdout).toBe(0)
  })

  it('is understood by every PHP that is here', () => {
    const files = phpFiles()
    expect(files.length).toBeGreaterThan(20)
    for (const php of interpreters)
      for (const file of files) {
        const { stdout, status } = spawnSync(php, ['-l', file], { cwd: PHP_PACKAGE, encoding: 'utf8' })
        expect(status, `${php} ${file} ${stdout}`).toBe(0)
      }
  })

  it.skipIf(!existsSync('/usr/share/php/PhpParser/autoload.php'))('has nothing that PHP 7.4 lacks', () => {
    const files = phpFiles().filter((path) => path !== 'test/syntax.php')
    const { stdout } = spawnSync('php', ['-d', 'error_reporting=0', 'test/syntax.php', ...files], {
      cwd: PHP_PACKAGE,
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
    // the syntax tree doesn't show it
    for (const file of files)
      expect(readFileSync(join(PHP_PACKAGE, file), 'utf8'), file).not.toMatch(
        /,\s*\)\s*(?::\s*\??\w+\s*)?(?:\{|use\b)/,
      )
  })

  it('needs nothing at run time', () => {
    const { require } = JSON.parse(readFileSync(join(PHP_PACKAGE, 'composer.json'), 'utf8')) as {
      require: Record<string, string>
    }
    for (const name of Object.keys(require)) expect(name).toMatch(/^(php|ext-\w+)$/)
  })
})
