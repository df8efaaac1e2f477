// What the tests need beyond Node: a browser, and for CI the other browsers, servers and libraries of other languages that
// the product is tried against. It is installed in CI and where somebody asks for it, as root on a Debian system.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

const NEEDED = [
  {
    name: 'Chromium',
    packages: ['chromium'],
    paths: [process.env.CHROME_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome'],
  },
]
const WELCOME = [
  { name: 'Firefox ESR', packages: ['firefox-esr'], paths: ['/usr/bin/firefox-esr', '/usr/bin/firefox'] },
  {
    name: 'WebKitGTK',
    packages: ['webkit2gtk-driver', 'xvfb', 'xauth'],
    paths: ['/usr/bin/WebKitWebDriver'],
  },
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
    name: 'WordPress',
    packages: ['wordpress', 'wordpress-theme-twentytwentythree', 'mariadb-server', 'php-cli', 'php-mysql'],
    paths: ['/usr/share/wordpress/wp-content/themes/twentytwentythree/theme.json'],
  },
  {
    name: 'web servers for PHP',
    packages: ['php-fpm', 'apache2'],
    paths: ['/usr/sbin/apache2'],
  },
  {
    name: 'the tools of the WordPress plugin',
    packages: [
      ...['php-mbstring', 'php-xml', 'php-zip', 'php-curl', 'php-intl', 'phpunit', 'php-codesniffer'],
      ...['composer', 'gettext', 'unzip'],
    ],
    paths: ['/usr/bin/phpunit'],
  },
]

/**
 * Installs what is missing where that was asked for; else says what is missing and how to get it. Without a browser the
 * tests that need one are left out.
 * @param {{ all: boolean, install: boolean }} options `all`: also what is welcome, as CI has it
 * @returns {boolean} whether there is a browser
 */
export function provide({ all, install }) {
  const missing = [...NEEDED, ...(all ? WELCOME : [])].filter((tool) => !isThere(tool))
  if (!missing.length) return true
  const packages = missing.flatMap((tool) => tool.packages)
  const names = missing.map(({ name }) => name).join(', ')
  const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (install && canInstall) {
    console.log(`Installing ${names} …`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args) =>
      spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status
    apt('update')
    if (apt('install', '-y', '--no-install-recommends', ...packages) === 0) return true
  }
  console.log(`Missing: ${names}.`)
  console.log(`Install with: apt-get install ${packages.join(' ')}`)
  if (canInstall && !install) console.log('or let the tests do it: npm test -- --install')
  return NEEDED.every(isThere)
}

const isThere = ({ paths }) => paths.some((path) => path && existsSync(path))

/** The test files that start a browser. */
export function browserTests() {
  const files = ['demo/test', 'docs/test', 'packages/element/test/package', 'packages/server/test'].flatMap(
    (folder) =>
      readdirSync(folder, { recursive: true })
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => `${folder}/${name}`),
  )
  return files.filter((file) => /playwright|launch[A-Z]\w*\(/.test(readFileSync(file, 'utf8')))
}
