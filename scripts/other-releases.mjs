// Unpacks other releases than this Debian's into .cache/releases for the tests: the newest WordPress, and the oldest
// and newest PHP that packages/php supports. It installs nothing. The files come from the machine's own Debian mirror,
// 150 MB. `--again` replaces them. `npm run test:all` runs this script in CI.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** WordPress with a theme, and the libraries that Debian ships separately and links to. */
const WORDPRESS = [
  'wordpress',
  'wordpress-theme-twentytwentyfive',
  'libjs-cropper',
  'libjs-jquery-ui',
  'libjs-lodash',
  'libjs-underscore',
  'libphp-phpmailer',
  'php-getid3',
]
/** The time limit of one command. A mirror may be slow. */
const LIMIT_MS = 300_000
const again = process.argv.includes('--again')
const releases = fileURLToPath(new URL('../.cache/releases', import.meta.url))

wordpress('newest-wordpress', 'unstable')
php('php7.4', 'bullseye')
php('php8.4', 'trixie')

function wordpress(name, suite) {
  provide(name, (folder) => {
    const files = unpack(suite, 'download', WORDPRESS)
    cpSync(join(files, 'usr/share/wordpress'), folder, { recursive: true, dereference: true })
  })
}

/** Unpacks PHP with its extensions and libraries, and writes a script `php` that starts it with them. */
function php(name, suite) {
  provide(name, (folder, target) => {
    const extensions = ['curl', 'intl', 'mbstring', 'mysql', 'xml', 'zip'].map((part) => `${name}-${part}`)
    const files = unpack(suite, 'install', [`${name}-cli`, ...extensions])
    cpSync(files, folder, { recursive: true, verbatimSymlinks: true })
    const modules = readdirSync(join(folder, 'usr/lib/php')).find((entry) => /^\d{8}$/.test(entry))
    const shared = readdirSync(join(folder, 'usr/lib/php', modules)).filter((file) => file.endsWith('.so'))
    // the other extensions need one of these
    const first = ['mysqlnd.so', 'dom.so', 'xml.so'].filter((file) => shared.includes(file))
    const others = shared.filter((file) => !first.includes(file) && file !== 'opcache.so')
    writeFileSync(
      join(folder, 'php.ini'),
      [
        `extension_dir=${target}/usr/lib/php/${modules}`,
        ...[...first, ...others].map((file) => `extension=${file}`),
        ...(shared.includes('opcache.so') ? ['zend_extension=opcache.so'] : []),
        '',
      ].join('\n'),
    )
    // such as lib/x86_64-linux-gnu
    const libraries = ['lib', 'usr/lib'].flatMap((part) =>
      (existsSync(join(folder, part)) ? readdirSync(join(folder, part)) : [])
        .filter((entry) => entry.endsWith('-linux-gnu'))
        .map((entry) => join(part, entry)),
    )
    const loader = libraries
      .flatMap((path) => readdirSync(join(folder, path)).map((file) => join(path, file)))
      .find((file) => /\/ld-linux[^/]*\.so\.\d$/.test(file))
    const paths = libraries.map((path) => join(target, path)).join(':')
    writeFileSync(
      join(folder, 'php'),
      `#!/bin/sh
PHP_INI_SCAN_DIR= exec ${target}/${loader} --library-path ${paths} \\
  ${target}/usr/bin/${name} -c ${target}/php.ini "$@"
`,
      { mode: 0o755 },
    )
  })
}

/** Fills a folder, and renames the folder when it is complete. A failure doesn't stop the other releases. */
function provide(name, fill) {
  const target = join(releases, name)
  if (existsSync(target) && !again) return console.log(target)
  const folder = temporary()
  try {
    fill(folder, target)
    rmSync(target, { recursive: true, force: true })
    renameSync(folder, target)
    console.log(target)
  } catch (error) {
    console.error(`${name} can't be unpacked: ${error.message}`)
    process.exitCode = 1
  }
}

/** Makes a new folder, and removes it when this process ends. */
function temporary() {
  mkdirSync(releases, { recursive: true })
  const folder = mkdtempSync(join(releases, '.unpacked-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Downloads packages of another Debian suite and unpacks them.
 * @param {string} suite
 * @param {'download' | 'install'} how `install` also downloads the dependencies, and installs nothing
 * @param {string[]} packages
 * @returns {string} a folder of files, as they would be under `/`
 */
function unpack(suite, how, packages) {
  const folder = temporary()
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
    'Dir::State::status': join(folder, 'status'), // an empty list of installed packages
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

/** Returns the address of this machine's Debian mirror. */
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
    timeout: LIMIT_MS,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error || status !== 0) throw error ?? new Error(`${command} ${words.at(-1)} ended with ${status}`)
  return stdout
}
