// The switch for copyable commands. `pnpm --filter kinescope-chat-docs run pages` writes them into the pages.

/** Whether the packages are on a registry. Until then, a command with their names may run an unknown program. */
export const PUBLISHED = false

const fenced = (lines: string[]) => ['```sh', ...lines, '```'].join('\n')

/** The copyable blocks, by the name in the mark `<!-- block: NAME -->` of a page. */
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

/** Returns a page with the current copyable blocks. @throws if a page names an unknown block */
export function withBlocks(page: string): string {
  return page.replaceAll(MARKED, (_whole, begin: string, name: string, end: string) => {
    const block = BLOCKS[name]
    if (block === undefined)
      throw new Error(`There is no block "${name}". Blocks: ${Object.keys(BLOCKS).join(', ')}.`)
    return `${begin}\n${block}\n${end}`
  })
}
