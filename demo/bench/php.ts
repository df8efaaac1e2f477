import { spawnSync } from 'node:child_process'
import { FPM } from '../test/placing/php-web-servers.js'
import {
  costOfTokens,
  startPhpSites,
  whyNoPhpSites,
  type TokenCost,
} from '../test/placing/wordpress-behind-servers.js'
import { releases } from '../test/placing/wordpress-site.js'
import { median, NotInstalled, quantile, rounded, type Part } from './part.js'

const ROUNDS = 5
/** Milliseconds of processor time for one token. */
const AIM_MS = { plugin: 9, standalone: 3 }

/** Processor time of a token that PHP signs, in WordPress and alone. */
export async function php(): Promise<Part> {
  const missing = whyNoPhpSites()
  if (missing) throw new NotInstalled(missing)
  // Debian's; others are newer and aren't always here
  const [release, folder] = releases()[0]!
  const costs: Awaited<ReturnType<typeof costOfTokens>>[] = []
  const sites = await startPhpSites(folder)
  try {
    for (let round = 0; round < ROUNDS; round++) costs.push(await costOfTokens(sites))
  } finally {
    await sites.close()
  }
  const plugin = summary(costs.map((cost) => cost.plugin))
  const standalone = summary(costs.map((cost) => cost.standalone))
  return {
    title: 'PHP',
    how: `400 requests, four at once, to nginx and ${fpmVersion()} with OPcache ${hasOpcache() ? 'on' : '**off**'}, alternately; medians of ${ROUNDS} rounds. The processor time is that of the PHP workers, from \`/proc\`.`,
    aims: [
      {
        what: 'processor time for a token in WordPress at `init`, ms',
        measured: plugin.ms,
        bound: 'at most',
        limit: AIM_MS.plugin,
      },
      {
        what: 'processor time for a token of `token.php`, ms',
        measured: standalone.ms,
        bound: 'at most',
        limit: AIM_MS.standalone,
      },
      {
        what: 'errors (5xx) among all PHP responses',
        measured: plugin.errors + standalone.errors,
        bound: 'at most',
        limit: 0,
      },
    ],
    tables: [
      {
        title: 'Tokens that PHP signs',
        bars: 'processor time for a token, ms',
        rows: [
          row(`WordPress ${release} with no other plugin, own address at \`init\``, plugin),
          row('`token.php`', standalone),
        ],
      },
    ],
  }
}

interface Summary {
  ms: number
  quartiles: string
  requests: number
  tokens: number
  errors: number
}

function summary(costs: readonly TokenCost[]): Summary {
  const times = costs.map(({ ms }) => ms)
  const statuses = costs.flatMap((cost) => cost.statuses)
  return {
    ms: rounded(median(times), 2),
    quartiles: [0.25, 0.75].map((share) => quantile(times, share).toFixed(2)).join('–'),
    requests: statuses.length,
    tokens: statuses.filter((status) => status === 200).length,
    errors: statuses.filter((status) => status >= 500).length,
  }
}

const row = (server: string, { ms, quartiles, requests, tokens, errors }: Summary) => ({
  server,
  'processor time for a token, ms': ms,
  quartiles,
  requests,
  'with a token': tokens,
  errors,
})

const fpm = (flag: string) => spawnSync(FPM!, [flag], { encoding: 'utf8' }).stdout
const fpmVersion = () => `PHP-FPM ${/PHP (\d+\.\d+)/.exec(fpm('-v'))?.[1]}`
const hasOpcache = () => fpm('-m').includes('Zend OPcache')
