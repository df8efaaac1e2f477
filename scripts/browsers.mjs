// Brings what the tests need beyond Node: browsers, and for CI the servers and libraries of other languages that they are
// tried against. As root on a Debian system it installs what is missing; elsewhere it says what to install.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const NEEDED = [
  {
    name: 'Chromium',
    packages: ['chromium'],
    paths: [process.env.CHROME_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome'],
    must: true,
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
    name: 'the tools of the WordPress plugin',
    packages: ['php-mbstring', 'php-xml', 'php-zip', 'phpunit', 'php-codesniffer', 'gettext', 'unzip'],
    paths: ['/usr/bin/phpunit'],
  },
]

/** @param {{ all: boolean }} options `all`: also what is welcome, as CI has it */
export function provide({ all }) {
  const missing = [...NEEDED, ...(all ? WELCOME : [])].filter(
    ({ paths }) => !paths.some((path) => path && existsSync(path)),
  )
  if (!missing.length) return
  const packages = missing.flatMap((tool) => tool.packages)
  const names = missing.map(({ name }) => name).join(', ')
  const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (canInstall) {
    console.log(`Installing ${names} …`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args) =>
      spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status
    apt('update')
    if (apt('install', '-y', '--no-install-recommends', ...packages) === 0) return
  }
  console.log(`Missing: ${names}. Install with: apt-get install ${packages.join(' ')}`)
  if (missing.some(({ must }) => must)) {
    console.error('The tests need a Chromium; CHROME_PATH may name one that is installed elsewhere.')
    process.exit(1)
  }
}
