import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { chromiumPath } from '../test/e2e/browser.js'

/** Whose certificate a browser has to trust. */
export interface TrustedCertificate {
  /** Colon-separated hexadecimal SHA-256. */
  fingerprint: string
  /** As `127.0.0.1:443`. */
  hosts: readonly string[]
}

/** For a Chromium that does nothing on its own. */
export const CHROMIUM_FLAGS = [
  ...['--headless=new', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...[
    '--disable-extensions',
    '--disable-component-extensions-with-background-pages',
    '--disable-default-apps',
  ],
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]

interface Engine {
  name: string
  /** Where it is; undefined where it isn't installed. */
  path(): string | undefined
  /** Makes the profile and says how the browser is started. */
  prepare(profile: string, certificate: TrustedCertificate): string[] | Promise<string[]>
}

const FIREFOX_PREFERENCES = {
  'app.update.auto': false,
  'browser.aboutwelcome.enabled': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
}

export const ENGINES: readonly Engine[] = [
  {
    name: 'Chromium',
    path: chromiumPath,
    prepare: (profile) => [...CHROMIUM_FLAGS, '--ignore-certificate-errors', `--user-data-dir=${profile}`],
  },
  {
    name: 'Firefox',
    path: () =>
      [process.env['FIREFOX_PATH'], '/usr/bin/firefox-esr', '/usr/bin/firefox'].find(
        (path) => path && existsSync(path),
      ),
    async prepare(profile, { fingerprint, hosts }) {
      await mkdir(profile)
      const lines = Object.entries(FIREFOX_PREFERENCES).map(
        ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
      )
      await writeFile(`${profile}/user.js`, lines.join('\n'))
      // the exceptions that a user adds on the warning page
      const exceptions = hosts.map((host) => `${host}:\tOID.2.16.840.1.101.3.4.2.1\t${fingerprint}\t`)
      await writeFile(`${profile}/cert_override.txt`, `${exceptions.join('\n')}\n`)
      return ['--headless', '--no-remote', '--profile', profile]
    },
  },
]

/** Opens an address in a browser with a new profile and without any debugger. */
export async function openPlainly(
  engine: Engine,
  folder: string,
  certificate: TrustedCertificate,
  url: string,
): Promise<{ close(): Promise<void> }> {
  const profile = `${folder}/profile`
  const args = await engine.prepare(profile, certificate)
  // a group of its own: its children end with it
  const child = spawn(engine.path()!, [...args, url], { stdio: 'ignore', detached: true })
  return {
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid!, 'SIGKILL')
        await once(child, 'exit')
      }
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}
