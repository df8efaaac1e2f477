// The one switch for copyable lines: `pnpm --filter kinescope-chat-docs run pages` writes them into the pages again.

/** Whether the packages are on a registry. Until then a command that names them would run a program of an unknown author. */
export const PUBLISHED = false

const fenced = (lines: string[]) => ['```sh', ...lines, '```'].join('\n')

/** Copyable blocks, by the mark `<!-- block: NAME -->` that a page has them under. */
export const BLOCKS: Readonly<Record<string, string>> = PUBLISHED
  ? {
      command: fenced([
        'npm install --global kinescope-chat-server # the command of every page: kinescope-chat-server',
      ]),
      packages: fenced(['npm install kinescope-chat kinescope-chat-server']),
    }
  : {
      command: fenced([
        'npm run build # in a clone of this repository, once',
        'CLONE=$PWD # the command of every page:',
        'kinescope-chat-server() { node "$CLONE/packages/server/dist/cli/main.js" "$@"; }',
      ]),
      packages: fenced([
        'npm run pack # in a clone of this repository: writes two archives into dist/',
        'CLONE=$PWD',
        'cd /path/to/your/app',
        'npm install "$CLONE"/dist/kinescope-chat-*.tgz',
      ]),
    }

const MARKED = /(<!-- block: (\w+) -->\n)[^]*?(\n<!-- \/block -->)/g

/** A page with its copyable blocks as the switch has them. @throws where a page names a block that isn't there */
export function withBlocks(page: string): string {
  return page.replaceAll(MARKED, (_whole, begin: string, name: string, end: string) => {
    const block = BLOCKS[name]
    if (block === undefined)
      throw new Error(`There is no block "${name}". Blocks: ${Object.keys(BLOCKS).join(', ')}.`)
    return `${begin}\n${block}\n${end}`
  })
}
