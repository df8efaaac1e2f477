import { generateKeyPairSync } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { sendJson, type SiteHandler } from './answer.js'

/** Of the chat's client at the provider. */
export const CLIENT_ID = 'chat-client'
const PATH = '/identity-provider'
const KID = 'provider-key'

/** An OpenID provider: discovery, keys, and ID tokens of people who have signed in. */
export class IdentityProvider {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  /** Its `iss`, at a site's origin. The token server looks it up by its address. */
  issuer = (site: string): string => `${site.replace('localhost', '127.0.0.1')}${PATH}`

  readonly handle: SiteHandler = ({ url, method, headers }, response) => {
    const issuer = this.issuer(`http://${headers.host}`)
    if (method !== 'GET') return false
    if (url === `${PATH}/.well-known/openid-configuration`)
      return sendJson(response, 200, { issuer, jwks_uri: `${issuer}/keys` })
    if (url !== `${PATH}/keys`) return false
    const jwk = this.#keys.publicKey.export({ format: 'jwk' })
    return sendJson(response, 200, { keys: [{ ...jwk, kid: KID, alg: 'ES256', use: 'sig' }] })
  }

  /** An ID token for a client (OpenID Connect Core 1.0, section 2). */
  idToken(site: string, name: string, clientId = CLIENT_ID): string {
    return jwt.sign({ name }, this.#keys.privateKey, {
      algorithm: 'ES256',
      keyid: KID,
      issuer: this.issuer(site),
      audience: clientId,
      subject: name.toLowerCase(),
      expiresIn: '10m',
    })
  }
}
