import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { INTERPRETERS, PHP_PACKAGE, whyNoPhp } from './php-server.js'

const missing = whyNoPhp()
const PHPUNIT = '/usr/bin/phpunit'
const has = (command: string) => spawnSync(command, ['--version']).status === 0
const PLUGIN = fileURLToPath(new URL('../../../packages/wordpress/plugin/', import.meta.url))

const phpFiles = (folder = PHP_PACKAGE) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.php'))

describe.skipIf(missing)('the Composer package', () => {
  it.skipIf(!existsSync(PHPUNIT)).each(INTERPRETERS)(
    'passes its tests in %s',
    { timeout: 300_000 },
    (php) => {
      const { stdout, status } = spawnSync(php, [PHPUNIT, '-c', 'test/phpunit.xml'], {
        cwd: PHP_PACKAGE,
        env: { ...process.env, PHP_COMMAND: php },
        encoding: 'utf8',
      })
      expect(status, stdout.slice(-3000)).toBe(0)
    },
  )

  it.skipIf(!has('phpcs'))('is written in PSR-12', () => {
    const { stdout, status } = spawnSync('phpcs', ['-q'], { cwd: PHP_PACKAGE, encoding: 'utf8' })
    expect(status, stdout).toBe(0)
  })

  it.each(INTERPRETERS)(
    'is understood by %s, and so is the WordPress plugin',
    { timeout: 300_000 },
    (php) => {
      const files = [PHP_PACKAGE, PLUGIN].flatMap((folder) =>
        phpFiles(folder).map((file) => join(folder, file)),
      )
      expect(files.length).toBeGreaterThan(50)
      // as `php -l`, in one process
      const options = ['opcache.enable_cli=1', 'display_errors=1', 'error_reporting=-1'].flatMap((option) => [
        '-d',
        option,
      ])
      const compile =
        'foreach (array_slice($argv, 1) as $file) opcache_compile_file($file) || print("not compiled: $file\n");'
      const { stdout, stderr } = spawnSync(php, [...options, '-r', compile, '--', ...files], {
        encoding: 'utf8',
      })
      expect(stdout + stderr).toBe('')
    },
  )

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
