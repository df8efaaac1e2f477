/**
 * Run by audit.test.ts: the log and the audit log share standard output, or the file that it goes to. The last line has the number of dropped lines.
 */
import { renameSync } from 'node:fs'
import { openAudit } from '../../src/audit/audit-writer.js'
import { LogOutput } from '../../src/serve/log-output.js'
import { createLogger } from '../../src/serve/log.js'

const output = new LogOutput()
const logger = createLogger('debug', output)
let lost = 0
const audit = await openAudit(process.argv[2] ?? '-', { onLost: () => lost++ }, output)
for (let index = 0; index < 3000; index++) {
  if (index === 1500 && process.argv[3] === 'rotate') {
    renameSync(process.argv[2]!, `${process.argv[2]}.1`)
    audit.reopen()
  }
  logger.debug({ index }, 'token made')
  const [time, exp] = [Date.now(), 1_800_000_000]
  const ids = { requestId: `r-${index}`, kid: 'kid-1', eventId: 'stream', userId: 'u-1' }
  audit.write({ time, exp, ...ids, address: '203.0.113.77' })
  if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
}
await audit.close()
process.stderr.write(JSON.stringify({ lost, dropped: output.lost }))
