// The tools that the tests need beyond Node: browsers, servers, and libraries of other languages. CI installs them, and
// so does `npm test -- --install`, as root on a Debian system.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** @typedef {{ name: string, packages: string[], paths: (string | undefined)[] }} Tool found when one of `paths` exists */

/** @type {Tool[]} */
const REQUIRED = [
  {
    name: 'Chromium',
    packages: ['chromium'],
    paths: [process.env.CHROME_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome'],
  },
]
/** @type {Tool[]} */
const OPTIONAL = [
  {
    name: 'Chromium’s headless shell',
    packages: ['chromium-headless-shell'],
    paths: ['/usr/bin/chromium-headless-shell'],
  },
  { name: 'Firefox ESR', packages: ['firefox-esr'], paths: ['/usr/bin/firefox-esr', '/usr/bin/firefox'] },
  {
    name: 'WebKitGTK',
    packages: ['webkit2gtk-driver', 'xvfb', 'xauth'],
    paths: ['/usr/bin/WebKitWebDriver'],
  },
  { name: 'Xvfb', packages: ['xvfb', 'xauth'], paths: ['/usr/bin/Xvfb'] },
  { name: 'nginx', packages: ['nginx-light'], paths: ['/usr/sbin/nginx'] },
  { name: 'Redis', packages: ['redis-server'], paths: ['/usr/bin/redis-server'] },
  { name: 'systemd', packages: ['systemd'], paths: ['/usr/bin/systemd-analyze'] },
  { name: 'Prometheus', packages: ['prometheus'], paths: ['/usr/bin/promtool'] },
  {
    name: 'PyJWT',
    packages: ['python3-jwt', 'python3-cryptography'],
    paths: ['/usr/lib/python3/dist-packages/jwt/__init__.py'],
  },
  {
    name: 'golang-jwt',
    packages: ['golang-go', 'golang-github-golang-jwt-jwt-dev'],
    paths: ['/usr/share/gocode/src/github.com/golang-jwt/jwt'],
  },
  {
    name: 'PHP',
    packages: ['php-cli', 'php-curl', 'php-intl', 'php-mbstring', 'php-mysql', 'php-xml', 'php-zip'],
    paths: ['/usr/bin/php'],
  },
  { name: 'Apache', packages: ['apache2'], paths: ['/usr/sbin/apache2'] },
  { name: 'PHP FastCGI', packages: ['php-fpm'], paths: ['/usr/sbin/php-fpm8.2', '/usr/sbin/php-fpm8.4'] },
  { name: 'PHPUnit', packages: ['phpunit'], paths: ['/usr/bin/phpunit'] },
  { name: 'PHP_CodeSniffer', packages: ['php-codesniffer'], paths: ['/usr/bin/phpcs'] },
  { name: 'Composer', packages: ['composer'], paths: ['/usr/bin/composer'] },
  { name: 'gettext', packages: ['gettext'], paths: ['/usr/bin/xgettext'] },
  { name: 'unzip', packages: ['unzip'], paths: ['/usr/bin/unzip'] },
  { name: 'MariaDB', packages: ['mariadb-server'], paths: ['/usr/sbin/mariadbd'] },
  {
    name: 'WordPress',
    packages: ['wordpress', 'wordpress-theme-twentytwentythree'],
    paths: ['/usr/share/wordpress/wp-content/themes/twentytwentythree/theme.json'],
  },
]

/** Returns the tools that this machine lacks. @param {boolean} all include the optional tools, as in CI */
export const missingTools = (all) => [...REQUIRED, ...(all ? OPTIONAL : [])].filter((tool) => !isThere(tool))

/**
 * Installs the missing tools if `install` is set. Otherwise it prints their names and the command that installs them.
 * Without a browser, the tests that need one don't run.
 * @param {Tool[]} missing
 * @param {boolean} install
 * @returns {Promise<boolean>} whether there is a browser
 */
export async function provide(missing, install) {
  if (!missing.length) return true
  const packages = [...new Set(missing.flatMap((tool) => tool.packages))]
  const names = missing.map(({ name }) => name).join(', ')
  const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (install && canInstall) {
    console.log(`Installing ${names} …`)
    await apt('update')
    if ((await apt('install', '-y', '--no-install-recommends', ...packages)) !== 0)
      // one package that a release lacks must not prevent the others
      for (const name of packages) await apt('install', '-y', '--no-install-recommends', name)
  }
  const still = missing.filter((tool) => !isThere(tool))
  if (still.length) {
    console.log(`Missing: ${still.map(({ name }) => name).join(', ')}.`)
    console.log(`Install with: apt-get install ${still.flatMap((tool) => tool.packages).join(' ')}`)
    if (canInstall && !install) console.log('Or let the tests install it: npm test -- --install')
  }
  return REQUIRED.every(isThere)
}

async function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const [status] = await once(child, 'exit')
  return status
}

const isThere = ({ paths }) => paths.some((path) => path && existsSync(path))

/** The test files that start a browser. */
export function browserTests() {
  const folders = [
    'demo/test',
    'docs/test',
    ...readdirSync('packages').map((name) => `packages/${name}/test`),
  ]
  const files = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => `${folder}/${name}`),
  )
  return files.filter((file) => /playwright|launch[A-Z]\w*\(/.test(readFileSync(file, 'utf8')))
}
