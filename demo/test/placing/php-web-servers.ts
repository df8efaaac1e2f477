import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answering, freePort } from './wordpress-site.js'

export const FPM = [
  '/usr/sbin/php-fpm8.4',
  '/usr/sbin/php-fpm8.3',
  '/usr/sbin/php-fpm8.2',
  '/usr/sbin/php-fpm7.4',
].find(existsSync)
const APACHE = '/usr/sbin/apache2'
const NGINX = '/usr/sbin/nginx'

/** Why one of the web servers can't be started here, or null. */
export function whyNoWebServers(): string | null {
  if (process.getuid?.() !== 0) return 'Apache starts its workers as another user: run the tests as root'
  return FPM && existsSync(APACHE) && existsSync(NGINX) ? null : 'apt-get install php-fpm apache2 nginx-light'
}

export interface WebServers {
  /** Addresses of the same site, by what serves it. */
  urls: Record<'apache' | 'apacheRewriting' | 'nginx' | 'nginxRewriting', string>
  /** Processor time of PHP-FPM's workers until now. Milliseconds. */
  cpuMs(): Promise<number>
  close(): Promise<void>
}

/** What WordPress writes into .htaccess. */
const HTACCESS = `RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
`

/** Apache and nginx, each with and without rewriting, before one PHP-FPM that runs the site in `root`. */
export async function startWebServers(root: string, workers = 4): Promise<WebServers> {
  const folder = await mkdtemp(join(tmpdir(), 'web-servers-'))
  await Promise.all([chmod(folder, 0o755), chmod(root, 0o755)])
  const socket = join(folder, 'fpm.sock')
  const [apache, apacheRewriting, nginx, nginxRewriting] = await Promise.all(
    Array.from({ length: 4 }, () => freePort()),
  )
  const children: ChildProcess[] = []
  const run = (command: string, args: string[]) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true })
    children.push(child)
    return child
  }
  const close = async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      process.kill(-child.pid!, 'SIGKILL')
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await writeFile(
      join(folder, 'fpm.conf'),
      `[global]
pid = ${folder}/fpm.pid
error_log = ${folder}/fpm.log
daemonize = no
[www]
user = root
group = root
listen = ${socket}
listen.mode = 0666
pm = static
pm.max_children = ${workers}
`,
    )
    const fpm = run(FPM!, ['-R', '-F', '-y', join(folder, 'fpm.conf')])
    const host = (port: number, rewriting: boolean) => `Listen 127.0.0.1:${port}
<VirtualHost 127.0.0.1:${port}>
DocumentRoot ${root}
<Directory ${root}>
Require all granted
AllowOverride ${rewriting ? 'All' : 'None'}
</Directory>
<FilesMatch \\.php$>
SetHandler "proxy:unix:${socket}|fcgi://localhost"
</FilesMatch>
</VirtualHost>
`
    const modules = ['mpm_event', 'authz_core', 'dir', 'mime', 'proxy', 'proxy_fcgi', 'rewrite']
    await writeFile(join(root, '.htaccess'), HTACCESS)
    await writeFile(
      join(folder, 'apache.conf'),
      `ServerRoot ${folder}
PidFile ${folder}/apache.pid
ServerName localhost
User www-data
Group www-data
ErrorLog ${folder}/apache.log
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
TypesConfig /etc/mime.types
DirectoryIndex index.php
${host(apache!, false)}${host(apacheRewriting!, true)}`,
    )
    run(APACHE, ['-D', 'FOREGROUND', '-f', join(folder, 'apache.conf')])
    const server = (port: number, rewriting: boolean) => `server {
  listen 127.0.0.1:${port};
  root ${root};
  index index.php;
  location / { ${rewriting ? 'try_files $uri $uri/ /index.php?$args;' : ''} }
  location ~ \\.php$ {
    fastcgi_pass unix:${socket};
    include /etc/nginx/fastcgi_params;
    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
    fastcgi_param HTTP_HOST $http_host;
  }
}
`
    await writeFile(
      join(folder, 'nginx.conf'),
      `daemon off;
user root;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder};
  proxy_temp_path ${folder};
  fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  ${server(nginx!, false)}${server(nginxRewriting!, true)}
}
`,
    )
    run(NGINX, ['-e', `${folder}/nginx.log`, '-c', join(folder, 'nginx.conf')])
    const url = (port: number | undefined) => `http://127.0.0.1:${port}`
    const urls = {
      apache: url(apache),
      apacheRewriting: url(apacheRewriting),
      nginx: url(nginx),
      nginxRewriting: url(nginxRewriting),
    }
    await Promise.all(
      Object.values(urls).map((url) => answering(`${url}/index.php?kinescope-chat-token`, 405)),
    )
    return { urls, cpuMs: () => cpuOfChildren(fpm.pid!), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** User and system time of a process's children (proc(5), clock ticks of 10 ms). */
async function cpuOfChildren(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')
  const times = await Promise.all(
    children.map(async (child) => {
      const fields = (await readFile(`/proc/${child}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ')
      return 10 * (Number(fields[11]) + Number(fields[12]))
    }),
  )
  return times.reduce((sum, time) => sum + time, 0)
}
