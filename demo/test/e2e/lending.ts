import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Closable {
  close(): Promise<void>
}

/**
 * Global set-up of Vitest that lends the shared resources of a test run, such as a browser, to all workers. A resource
 * starts when a worker first requests it.
 * @param variable the environment variable with the lender's address
 * @param start called once for each name that `borrow` requests
 * @param addressOf returns the address for `borrow`
 * @returns a function that closes the started resources
 */
export async function lend<T extends Closable>(
  variable: string,
  start: () => Promise<T>,
  addressOf: (started: T) => string,
): Promise<() => Promise<void>> {
  if (process.env[variable]) return () => Promise.resolve() // another project's set-up lends it
  const lent = new Map<string, Promise<T>>()
  const lender = createServer((request, response) => {
    const name = request.url!
    const started = lent.get(name) ?? start()
    lent.set(name, started)
    started.then(
      (running) => response.end(addressOf(running)),
      (error: unknown) => {
        lent.delete(name)
        response.writeHead(500).end(String(error))
      },
    )
  })
  await new Promise<void>((listening) => lender.listen(0, '127.0.0.1', listening))
  process.env[variable] = `http://127.0.0.1:${(lender.address() as AddressInfo).port}`
  return async () => {
    delete process.env[variable]
    lender.close()
    lender.closeAllConnections()
    await Promise.all([...lent.values()].map(async (started) => (await started).close()))
  }
}

/** The address of the resource that the test run lends under this name. Null outside of a run, as in a benchmark. */
export async function borrow(variable: string, name = ''): Promise<string | null> {
  const lender = process.env[variable]
  if (!lender) return null
  const reply = await fetch(`${lender}/${name}`)
  const text = await reply.text()
  if (!reply.ok) throw new Error(text)
  return text
}
