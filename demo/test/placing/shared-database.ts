import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SHARED_DATABASE, startDatabaseServer, type Database } from './wordpress-database.js'

/** Lends one database server to all test files of a run, started when the first asks for it. */
export default async function shareDatabase(): Promise<() => Promise<void>> {
  let database: Promise<Database> | undefined
  const lender = createServer((_request, response) => {
    database ??= startDatabaseServer()
    database.then(
      ({ host }) => response.end(host),
      (error: unknown) => {
        database = undefined
        response.writeHead(500).end(String(error))
      },
    )
  })
  await new Promise<void>((listening) => lender.listen(0, '127.0.0.1', listening))
  process.env[SHARED_DATABASE] = `http://127.0.0.1:${(lender.address() as AddressInfo).port}`
  return async () => {
    delete process.env[SHARED_DATABASE]
    lender.close()
    lender.closeAllConnections()
    await (await database)?.close()
  }
}
