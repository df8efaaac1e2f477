import { visitorByCookie, visitorByStatement, type Visitor } from '../doctor/visitor.js'
import { givenFile } from './given-file.js'
import { textFlag, UsageProblem, type Call } from './command.js'

/**
 * The signed-in visitor of `--cookie-file` or `--statement-file`. From a whole cookie jar only the cookies of the hosts
 * that are asked are taken.
 * @throws UsageProblem
 */
export async function readVisitor(
  call: Call,
  addresses: readonly (string | undefined)[],
): Promise<Visitor | null> {
  const cookieFile = textFlag(call, 'cookie-file')
  const statementFile = textFlag(call, 'statement-file')
  if (cookieFile !== undefined && statementFile !== undefined) {
    throw new UsageProblem(
      '--cookie-file and --statement-file can’t be combined',
      'Keep the one that the site uses.',
    )
  }
  if (cookieFile !== undefined) {
    const text = await givenFile(cookieFile, 'cookie-file')
    const hosts = addresses
      .filter((address) => address !== undefined)
      .map((address) => new URL(address).hostname)
    const found = hosts.map((host) => visitorByCookie(text, host)).find((visitor) => visitor !== null)
    if (found) return found
    throw new UsageProblem(
      `--cookie-file has no cookie${hosts.length > 0 ? ` for ${hosts.join(' or ')}` : ''}`,
      'Copy the value of the Cookie header from the browser’s network panel, or export a cookies.txt of that site.',
    )
  }
  if (statementFile === undefined) return null
  const found = visitorByStatement(await givenFile(statementFile, 'statement-file'))
  if (found) return found
  throw new UsageProblem(
    '--statement-file has no identity token',
    'The file must contain only the identity token, as the page gives it to the element.',
  )
}
