// Brings a WordPress newer than Debian's into .cache/newer-wordpress, for the tests of the WordPress plugin: a package
// of WordPress Playground carries several whole releases. 160 MB, once.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGE = '@wp-playground/wordpress-builds@0.9.19'
const BUILD = 'wp-nightly' // 6.7 as it was in July 2024, the newest of the package's

const cache = fileURLToPath(new URL('../.cache', import.meta.url))
const target = join(cache, 'newer-wordpress')
if (!existsSync(join(target, 'wp-load.php'))) {
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'wordpress-'))
  const run = (command, ...args) => {
    const { error, status } = spawnSync(command, args, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (error || status !== 0) throw error ?? new Error(`${command} ended with ${status}`)
  }
  try {
    run('npm', 'pack', '--loglevel=error', PACKAGE)
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))
    const zip = `package/src/wordpress/${BUILD}.zip`
    run('tar', 'xzf', archive, zip, `package/public/${BUILD}`)
    run('unzip', '-q', zip, '-d', 'site')
    // the archive leaves out what a browser asks for: that lies beside it
    cpSync(join(folder, 'package/public', BUILD), join(folder, 'site'), { recursive: true, force: false })
    // Playground keeps its data in a file; this one gets a database, as most have
    for (const name of ['wp-config.php', 'wp-content/db.php', 'wp-content/database'])
      rmSync(join(folder, 'site', name), { recursive: true, force: true })
    const themes = join(folder, 'site/wp-content/themes')
    for (const name of readdirSync(themes))
      if (name !== 'twentytwentyfour') rmSync(join(themes, name), { recursive: true })
    rmSync(target, { recursive: true, force: true })
    cpSync(join(folder, 'site'), target, { recursive: true })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
console.log(target)
