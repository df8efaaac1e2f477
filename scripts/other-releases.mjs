// Unpacks what is older or newer than this Debian's into .cache/releases, for the tests: the newest WordPress, and the
// oldest and newest PHP that packages/php promises. Nothing is installed. All of it comes from the machine's own Debian
// mirror, 150 MB; `--again` replaces it. `npm run test:all` uses it in CI.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const releases = fileURLToPath(new URL('../.cache/releases', import.meta.url))

wordpress('newest-wordpress', 'unstable')
php('php7.4', 'bullseye')
php('php8.4', 'trixie')

/** WordPress with a theme, and with the libraries that Debian ships separately and WordPress finds by links. */
function wordpress(name, suite) {
  provide(name, (target) => {
    const files = unpack(suite, 'download', [
      ...[
        'wordpress',
        'wordpress-theme-twentytwentyfive',
        'libjs-cropper',
        'libjs-jquery-ui',
        'libjs-lodash',
      ],
      ...['libjs-underscore', 'libphp-phpmailer', 'php-getid3'],
    ])
    cpSync(join(files, 'usr/share/wordpress'), target, { recursive: true, dereference: true })
  })
}

/** PHP with its extensions and all libraries, and a script `php` that starts it with them. */
function php(name, suite) {
  provide(name, (target) => {
    const extensions = ['curl', 'intl', 'mbstring', 'mysql', 'xml', 'zip'].map((part) => `${name}-${part}`)
    cpSync(unpack(suite, 'install', [`${name}-cli`, ...extensions]), target, {
      recursive: true,
      verbatimSymlinks: true,
    })
    const folder = join(target, 'usr/lib/php')
    const version = readdirSync(folder).find((entry) => /^\d{8}$/.test(entry))
    const shared = readdirSync(join(folder, version)).filter((file) => file.endsWith('.so'))
    // the others need one of these
    const first = ['mysqlnd.so', 'dom.so', 'xml.so'].filter((file) => shared.includes(file))
    const others = shared.filter((file) => !first.includes(file) && file !== 'opcache.so')
    writeFileSync(
      join(target, 'php.ini'),
      [
        `extension_dir=${folder}/${version}`,
        ...[...first, ...others].map((file) => `extension=${file}`),
        '',
      ].join('\n'),
    )
    const libraries = ['lib', 'usr/lib']
      .map((part) => join(target, part, 'x86_64-linux-gnu'))
      .filter((path) => existsSync(path))
    const loader = libraries
      .map((path) => join(path, 'ld-linux-x86-64.so.2'))
      .find((path) => existsSync(path))
    writeFileSync(
      join(target, 'php'),
      `#!/bin/sh
PHP_INI_SCAN_DIR= exec ${loader} --library-path ${libraries.join(':')} \\
  ${target}/usr/bin/${name} -c ${target}/php.ini "$@"
`,
    )
    chmodSync(join(target, 'php'), 0o755)
  })
}

function provide(name, fill) {
  const target = join(releases, name)
  if (process.argv.includes('--again')) rmSync(target, { recursive: true, force: true })
  if (!existsSync(target)) {
    try {
      fill(target)
    } catch (error) {
      rmSync(target, { recursive: true, force: true })
      throw error
    }
  }
  console.log(target)
}

/**
 * Fetches packages of another suite of Debian and unpacks them.
 * @param {string} suite
 * @param {'download' | 'install'} how `install` brings all they depend on too, and installs nothing
 * @param {string[]} packages
 * @returns {string} a folder of files, as they would be under `/`; removed when this process ends
 */
function unpack(suite, how, packages) {
  mkdirSync(releases, { recursive: true })
  const folder = mkdtempSync(join(releases, '.unpacked-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const archives = join(folder, 'archives')
  for (const part of ['lists/partial', 'archives/partial', 'files'])
    mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'status'), '')
  writeFileSync(join(folder, 'sources.list'), `deb ${mirror()} ${suite} main\n`)
  const options = Object.entries({
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Dir::Cache': folder,
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'), // an empty list of what is installed
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const apt = (...words) => run('apt-get', ['-qq', ...options, ...words], archives)
  apt('update')
  if (how === 'download') apt('download', ...packages)
  else apt('install', '--yes', '--download-only', '--no-install-recommends', ...packages)
  const files = join(folder, 'files')
  for (const archive of readdirSync(archives).filter((name) => name.endsWith('.deb')))
    run('dpkg-deb', ['--extract', archive, files], archives)
  return files
}

/** Where this machine has its Debian packages from. */
function mirror() {
  const format = '$(CREATED_BY) $(ORIGIN) $(LABEL) $(REPO_URI)'
  const found = /^Packages Debian Debian (\S+)$/m.exec(run('apt-get', ['indextargets', '--format', format]))
  if (!found) throw new Error('This machine has no Debian mirror. Run apt-get update first.')
  return found[1]
}

function run(command, words, cwd) {
  const { error, status, stdout } = spawnSync(command, words, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error || status !== 0) throw error ?? new Error(`${command} ${words.at(-1)} ended with ${status}`)
  return stdout
}
