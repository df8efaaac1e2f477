import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const WORDPRESS = '/usr/share/wordpress'
const PLUGIN = fileURLToPath(new URL('../../../packages/wordpress/kinescope-chat.php', import.meta.url))
const MARIADBD = ['/usr/sbin/mariadbd', '/usr/sbin/mysqld'].find(existsSync)
const run = promisify(execFile)

/** Why WordPress can't be started here, or null. It takes `apt-get install wordpress php-cli php-mysql mariadb-server`. */
export function whyNoWordPress(): string | null {
  if (!existsSync(`${WORDPRESS}/wp-load.php`)) return `WordPress is not in ${WORDPRESS}`
  if (!MARIADBD) return 'MariaDB is not installed'
  const php = spawnSync('php', ['-m'], { encoding: 'utf8' })
  if (php.status !== 0) return 'PHP is not installed'
  return /^mysqli$/m.test(php.stdout) ? null : 'PHP has no mysqli'
}

/** The least of a theme: what it prints is what WordPress makes of a post and its comments. */
const THEME = {
  'style.css': '/* Theme Name: Plain */',
  'index.php': `<!doctype html><html <?php language_attributes() ?>><head><meta charset="utf-8"><title>Plain</title><?php wp_head() ?></head>
<body><?php while (have_posts()) { the_post(); echo '<main>'; the_content(); echo '</main><section id="comments">';
foreach (get_comments(['post_id' => get_the_ID()]) as $comment) comment_text($comment); echo '</section>'; } wp_footer() ?></body></html>`,
}

/** Shows on the page what PHP has to say of the plugin; of an old WordPress under a new PHP it has much to say. */
const FAULT_FINDER = `<?php set_error_handler(function ($level, $message, $file, $line) {
  if (!str_ends_with($file, '/kinescope-chat.php')) return true;
  echo "PLUGIN FAULT: $message in line $line";
  return true;
});`

export interface WordPress {
  url: string
  /** Runs PHP inside WordPress and returns what it prints. */
  php(code: string, ...args: string[]): Promise<string>
  close(): Promise<void>
}

export const PASSWORD = 'correct horse battery staple'

/** A fresh WordPress with an administrator, an author and the plugin, on this port. */
export async function startWordPress(port: number, chatOrigin: string): Promise<WordPress> {
  const folder = await mkdtemp(join(tmpdir(), 'wordpress-'))
  const children: ChildProcess[] = []
  const start = (command: string, args: string[], env = {}) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true, env: { ...process.env, ...env } })
    children.push(child)
    return child
  }
  const close = async () => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      process.kill(-child.pid!, 'SIGKILL') // PHP's workers too
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const site = join(folder, 'site')
    const socket = join(folder, 'db.sock')
    const url = `http://localhost:${port}`
    await Promise.all([
      startDatabase(folder, socket, start),
      cp(WORDPRESS, site, { recursive: true, dereference: true }).then(() =>
        furnish(site, socket, url, chatOrigin),
      ),
    ])
    const bootstrap = `$_SERVER += ['HTTP_HOST' => 'localhost:${port}', 'REQUEST_METHOD' => 'GET'];`
    const php = async (code: string, ...args: string[]) => {
      const load = `${bootstrap} require '${site}/wp-load.php'; ${code}`
      return (await run('php', ['-r', load, '--', ...args], { encoding: 'utf8' })).stdout
    }
    await run('php', ['-r', `${bootstrap} ${INSTALL.replaceAll('SITE', site)}`, '--', PASSWORD])
    start('php', ['-S', `127.0.0.1:${port}`, '-t', site], { PHP_CLI_SERVER_WORKERS: '4' })
    await answering(`${url}/readme.html`)
    return { url, php, close }
  } catch (error) {
    await close()
    throw error
  }
}

const INSTALL = `
define('WP_INSTALLING', true);
require 'SITE/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Site', 'boss', 'boss@example.com', true, '', $argv[1]);
wp_update_user(['ID' => 1, 'display_name' => 'Boss']);
wp_insert_user(['user_login' => 'writer', 'user_pass' => $argv[1], 'user_email' => 'writer@example.com', 'role' => 'author', 'display_name' => 'Жанна "Ж" & Co']);
switch_theme('plain');
update_option('permalink_structure', '');
require_once ABSPATH . 'wp-admin/includes/plugin.php';
$failed = activate_plugin('kinescope-chat.php');
if (is_wp_error($failed)) { fwrite(STDERR, $failed->get_error_message()); exit(1); }`

async function startDatabase(
  folder: string,
  socket: string,
  start: (command: string, args: string[]) => ChildProcess,
): Promise<void> {
  const data = join(folder, 'data')
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  await run('mariadb-install-db', [
    ...['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    ...user,
  ])
  start(MARIADBD!, [
    ...[
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${socket}`,
      '--skip-networking',
      '--skip-grant-tables',
    ],
    ...['--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=16M', `--pid-file=${folder}/db.pid`],
    ...user,
  ])
  const create = `mysqli_report(MYSQLI_REPORT_OFF); $db = @new mysqli('localhost', 'root', '', '', 0, '${socket}'); exit($db->connect_errno || !$db->query('CREATE DATABASE IF NOT EXISTS site') ? 1 : 0);`
  for (let tries = 0; tries < 100; tries++) {
    if (existsSync(socket) && spawnSync('php', ['-r', create]).status === 0) return
    await wait(100)
  }
  throw new Error('MariaDB did not start')
}

async function furnish(site: string, socket: string, url: string, chatOrigin: string): Promise<void> {
  const constants = {
    DB_NAME: 'site',
    DB_USER: 'root',
    DB_PASSWORD: '',
    DB_HOST: `localhost:${socket}`,
    WP_HOME: url,
    WP_SITEURL: url,
    DISABLE_WP_CRON: true,
    WP_HTTP_BLOCK_EXTERNAL: true,
    AUTOMATIC_UPDATER_DISABLED: true,
    KINESCOPE_CHAT_ORIGIN: chatOrigin,
  }
  const defines = Object.entries(constants).map(
    ([name, value]) => `define('${name}', ${JSON.stringify(value)});`,
  )
  const plugins = join(site, 'wp-content/plugins')
  const theme = join(site, 'wp-content/themes/plain')
  const always = join(site, 'wp-content/mu-plugins')
  await Promise.all([plugins, theme, always].map((path) => mkdir(path, { recursive: true })))
  await writeFile(join(always, 'fault-finder.php'), FAULT_FINDER)
  await cp(PLUGIN, join(plugins, 'kinescope-chat.php'))
  for (const [name, text] of Object.entries(THEME)) await writeFile(join(theme, name), text)
  await writeFile(
    join(site, 'wp-config.php'),
    `<?php ${defines.join('\n')} $table_prefix = 'wp_'; defined('ABSPATH') || define('ABSPATH', __DIR__ . '/'); require_once ABSPATH . 'wp-settings.php';`,
  )
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    await wait(50)
  }
  throw new Error(`${url} does not answer`)
}
