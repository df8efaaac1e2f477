import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { MARIADBD, type Database } from './wordpress-database.js'

const root = new URL('../../../', import.meta.url)
const path = (relative: string) => fileURLToPath(new URL(relative, root))
const run = promisify(execFile)

/** What `npm run build` makes: the archive that an administrator uploads, and the same unpacked. */
export const ZIP = path('packages/wordpress/dist/live-chat-for-kinescope-streams.zip')
const PLUGIN = path('packages/wordpress/dist/live-chat-for-kinescope-streams')
const MAIN = 'live-chat-for-kinescope-streams/live-chat-for-kinescope-streams.php'

/** Debian's WordPress, and the newest where `node scripts/other-releases.mjs` has unpacked it. */
const FOLDERS = ['/usr/share/wordpress', path('.cache/releases/newest-wordpress')]

/** The releases of WordPress that are here, by their number. */
export function releases(): [release: string, folder: string][] {
  return FOLDERS.filter((folder) => existsSync(`${folder}/wp-load.php`)).map((folder) => {
    const { stdout } = spawnSync(
      'php',
      ['-r', `require '${folder}/wp-includes/version.php'; echo $wp_version;`],
      {
        encoding: 'utf8',
      },
    )
    return [stdout, folder]
  })
}

/** Why WordPress can't be started here, or null. */
export function whyNoWordPress(): string | null {
  const php = spawnSync('php', ['-m'], { encoding: 'utf8' })
  const lacks = ['mysqli', 'mbstring', 'zip', 'xml'].filter(
    (name) => !new RegExp(`^${name}$`, 'm').test(php.stdout),
  )
  if (php.status === 0 && MARIADBD && !lacks.length && releases().length) return null
  return 'apt-get install wordpress php-cli php-mysql php-mbstring php-xml php-zip mariadb-server'
}

/** The least of a theme: what it prints is what WordPress makes of posts and their comments. */
const THEME = {
  'style.css': '/* Theme Name: Plain */',
  'functions.php': `<?php add_action('widgets_init', function () { register_sidebar(['id' => 'side', 'name' => 'Side']); }); add_theme_support('title-tag');`,
  'index.php': `<!doctype html><html <?php language_attributes() ?>><head><meta charset="utf-8"><?php wp_head() ?></head>
<body <?php body_class() ?>><?php while (have_posts()) { the_post(); echo '<main>'; the_content(); echo '</main>'; if (is_singular()) { echo '<section id="comments">';
foreach (get_comments(['post_id' => get_the_ID()]) as $comment) comment_text($comment); echo '</section>'; } } echo '<aside>'; dynamic_sidebar('side'); echo '</aside>'; wp_footer() ?></body></html>`,
}

/** Shows on the page what PHP has to say of the plugin; of an old WordPress under a new PHP it has much to say. */
const FAULT_FINDER = `<?php set_error_handler(function ($level, $message, $file, $line) {
  if (strpos($file, '/plugins/live-chat-for-kinescope-streams/') === false || !(error_reporting() & $level)) return true;
  if (strpos($_SERVER['REQUEST_URI'] ?? '', 'kinescope-chat') !== false) throw new ErrorException($message);
  echo "PLUGIN FAULT: $message in $file line $line";
  return true;
});`

/** Serves a network's folders as a web server's rewrite rules would. */
const ROUTER = `<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (preg_match('#^/[a-z]+(/wp-(?:admin|includes|content|login).*)$#', $path, $found) && !file_exists(__DIR__ . $path)) {
  $file = __DIR__ . $found[1] . (is_dir(__DIR__ . $found[1]) ? '/index.php' : '');
  if (substr($file, -4) === '.php') { $_SERVER['SCRIPT_FILENAME'] = $file; $_SERVER['PHP_SELF'] = $path; chdir(dirname($file)); require $file; return; }
}
if (is_file(__DIR__ . $path) || is_file(__DIR__ . $path . '/index.php')) return false;
chdir(__DIR__); $_SERVER['SCRIPT_FILENAME'] = __DIR__ . '/index.php'; require __DIR__ . '/index.php';`

export interface WordPressOptions {
  /** Where its files are. */
  folder: string
  database: Database
  chatOrigin: string
  /** A network of two sites, `/` and `/two/`. */
  network?: boolean
  /** Whether the plugin is there and switched on; else an administrator has to upload it. */
  plugin?: boolean
  /** Further lines of wp-config.php. */
  config?: Record<string, string | boolean>
  /** Files of wp-content, by name: what a page cache puts there. */
  dropIns?: Record<string, string>
  port?: number
}

export interface WordPress {
  url: string
  /** Its files. */
  folder: string
  /** Runs PHP inside WordPress, on the site at `/` or at this path, and returns what it prints. */
  php(code: string, ...args: string[]): Promise<string>
  close(): Promise<void>
}

export const PASSWORD = 'correct horse battery staple'

let count = 0

/** A new WordPress with a user of every role. */
export async function startWordPress(options: WordPressOptions): Promise<WordPress> {
  const { network = false, plugin = true, port = await freePort() } = options
  const site = await mkdtemp(join(tmpdir(), 'wordpress-'))
  let child: ChildProcess | undefined
  const close = async () => {
    if (child && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid!, 'SIGKILL') // PHP's workers too
      await once(child, 'exit')
    }
    await rm(site, { recursive: true, force: true })
  }
  try {
    const name = `site${process.pid}_${++count}`
    await options.database.create(name)
    const url = `http://localhost:${port}`
    // 2,600 files, for which Node's own `cp` takes two seconds of a processor
    await run('cp', ['-rL', `${options.folder}/.`, site])
    await furnish(site, { ...options, network }, name, url)
    // WordPress guesses its own address from the last two
    const bootstrap = `$_SERVER = ['HTTP_HOST' => 'localhost:${port}', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => getenv('SITE') ?: '/', 'PHP_SELF' => '/index.php', 'SCRIPT_FILENAME' => '${site}/index.php'] + $_SERVER;`
    const php = async (code: string, ...args: string[]) => {
      const load = `${bootstrap} require '${site}/wp-load.php'; ${code}`
      return (await run('php', ['-r', load, '--', ...args], { encoding: 'utf8', maxBuffer: 1 << 26 })).stdout
    }
    await run('php', ['-r', `${bootstrap} ${INSTALL.replaceAll('SITE', site)}`, '--', PASSWORD])
    if (network) {
      await run('php', ['-r', `${bootstrap} ${NETWORK.replaceAll('SITE', site)}`, '--', `localhost:${port}`])
      const config = join(site, 'wp-config.php')
      const defines = `define('MULTISITE', true); define('SUBDOMAIN_INSTALL', false); define('DOMAIN_CURRENT_SITE', 'localhost:${port}'); define('PATH_CURRENT_SITE', '/'); define('SITE_ID_CURRENT_SITE', 1); define('BLOG_ID_CURRENT_SITE', 1);`
      await writeFile(config, (await readFile(config, 'utf8')).replace('<?php ', `<?php ${defines} `))
      // older releases drop the colon of a port when they create a site
      await php(
        `global $wpdb; wpmu_create_blog('localhost:${port}', '/two/', 'Two', 1);
        $wpdb->update($wpdb->blogs, ['domain' => 'localhost:${port}'], ['blog_id' => 2]); clean_blog_cache(2);
        switch_to_blog(2); update_option('home', '${url}/two'); update_option('siteurl', '${url}/two');`,
      )
    }
    if (plugin) {
      await cp(PLUGIN, join(site, 'wp-content/plugins/live-chat-for-kinescope-streams'), { recursive: true })
      const failed = await php(
        `require_once ABSPATH . 'wp-admin/includes/plugin.php'; $failed = activate_plugin('${MAIN}', '', ${network}); echo is_wp_error($failed) ? $failed->get_error_message() : '';`,
      )
      if (failed) throw new Error(failed)
    }
    child = spawn('php', ['-S', `127.0.0.1:${port}`, '-t', site, join(site, 'router.php')], {
      stdio: 'ignore',
      detached: true,
      env: { ...process.env, PHP_CLI_SERVER_WORKERS: '4' },
    })
    await answering(`${url}/readme.html`)
    return { url, folder: site, php, close }
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
foreach (['editor' => 'Эдуард', 'author' => 'Жанна "Ж" & Co', 'contributor' => 'Коля', 'subscriber' => 'Reader'] as $role => $name)
  wp_insert_user(['user_login' => $role, 'user_pass' => $argv[1], 'user_email' => "$role@example.com", 'role' => $role, 'display_name' => $name]);
switch_theme('plain');
update_option('permalink_structure', '');
update_option('sidebars_widgets', ['side' => [], 'wp_inactive_widgets' => []]);
foreach ([1, 2] as $user) update_user_meta($user, 'wp_persisted_preferences', ['core/edit-post' => ['welcomeGuide' => false, 'fullscreenMode' => false], '_modified' => gmdate('c')]);`

const NETWORK = `
require 'SITE/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
require ABSPATH . 'wp-admin/includes/network.php';
foreach ($wpdb->tables('ms_global') as $table => $prefixed) $wpdb->$table = $prefixed;
install_network();
$done = populate_network(1, $argv[1], 'boss@example.com', 'Network', '/', false);
if (is_wp_error($done) && !in_array($done->get_error_code(), ['no_wildcard_dns'], true)) { fwrite(STDERR, $done->get_error_message()); exit(1); }`

async function furnish(
  site: string,
  { database, chatOrigin, network, config = {}, dropIns = {} }: WordPressOptions,
  name: string,
  url: string,
): Promise<void> {
  const constants = {
    DB_NAME: name,
    DB_USER: 'root',
    DB_PASSWORD: '',
    DB_HOST: database.host,
    DB_CHARSET: 'utf8mb4',
    ...(network ? { WP_ALLOW_MULTISITE: true } : { WP_HOME: url, WP_SITEURL: url }),
    DISABLE_WP_CRON: true,
    WP_HTTP_BLOCK_EXTERNAL: true,
    AUTOMATIC_UPDATER_DISABLED: true,
    FS_METHOD: 'direct',
    STREAM_CHAT_FOR_KINESCOPE_CHAT_ORIGIN: chatOrigin,
    ...config,
  }
  const defines = Object.entries(constants).map(
    ([name, value]) => `define('${name}', ${JSON.stringify(value)});`,
  )
  const content = join(site, 'wp-content')
  const theme = join(content, 'themes/plain')
  const always = join(content, 'mu-plugins')
  await Promise.all([theme, always].map((path) => mkdir(path, { recursive: true })))
  await writeFile(join(always, 'fault-finder.php'), FAULT_FINDER)
  for (const [name, text] of Object.entries(THEME)) await writeFile(join(theme, name), text)
  for (const [name, text] of Object.entries(dropIns)) await writeFile(join(content, name), text)
  await writeFile(join(site, 'router.php'), ROUTER)
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

export async function answering(url: string, status = 200): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const answered = await fetch(url).then(
      (reply) => reply.status === status,
      () => false,
    )
    if (answered) return
    await wait(50)
  }
  throw new Error(`${url} does not answer`)
}
