// `node scripts/repository.mjs [URL]` writes the fields repository, homepage and bugs into both packages. Without a
// URL, it uses the address of the git remote `origin`. `--check` runs before each publish and fails if the fields are
// missing, so that each published package names its repository.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

const PACKAGES = ['packages/element', 'packages/server']
const FIELDS = ['repository', 'homepage', 'bugs']

/** Converts any address that git accepts to a web address: `git@host:owner/name.git`, `ssh://…`, `https://…`. */
export function webAddress(remote) {
  const [, host, path] =
    /^(?:(?:https?|ssh|git):\/\/)?(?:[^@/]*@)?([\w.-]+)(?::\d+)?[:/](.+?)(?:\.git)?\/?$/.exec(
      remote.trim(),
    ) ?? []
  if (!host || !path?.includes('/')) throw new Error(`no address of a repository: ${remote}`)
  return `https://${host}/${path}`
}

/** Returns the package with the fields for its repository, after the description, as npm writes them. */
export function withHome(pkg, address, directory) {
  const { license, ...rest } = pkg
  const entries = Object.entries(rest).filter(([name]) => !FIELDS.includes(name))
  const at = entries.findIndex(([name]) => name === 'description') + 1
  const home = [
    ['license', license],
    ['repository', { type: 'git', url: `git+${address}.git`, directory }],
    ['homepage', `${address}#readme`],
    ['bugs', `${address}/issues`],
  ]
  return Object.fromEntries([...entries.slice(0, at), ...home, ...entries.slice(at)])
}

function run([given]) {
  if (given === '--check') {
    const pkg = JSON.parse(readFileSync('package.json', 'utf8'))
    const missing = FIELDS.filter((name) => !pkg[name])
    if (!missing.length) return
    console.error(
      `${pkg.name} does not say where it comes from (${missing.join(', ')}). Run node scripts/repository.mjs, with the address of the repository or a git remote "origin".`,
    )
    process.exitCode = 1
    return
  }
  const address = webAddress(
    given ?? execFileSync('git', ['remote', 'get-url', 'origin'], { encoding: 'utf8' }),
  )
  for (const directory of PACKAGES) {
    const file = `${directory}/package.json`
    const pkg = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, `${JSON.stringify(withHome(pkg, address, directory), null, 2)}\n`)
  }
  console.log(`The packages come from ${address}`)
}

if (process.argv[1] === resolve(import.meta.filename)) run(process.argv.slice(2))
