import { OperatorProblem } from '../../problem.js'

const MAKE_ONE =
  'Give the private key as PEM (PKCS#8 or PKCS#1) or JWK; `kinescope-chat-server keys generate` makes one.'

export const keyProblem = (code: string, message: string, remediation = MAKE_ONE): OperatorProblem =>
  new OperatorProblem(`private-key-${code}`, message, remediation)

export const notRsa = (what: string): OperatorProblem =>
  keyProblem(
    'not-rsa',
    `the private key is ${what}, and RS256 needs a plain RSA key`,
    'Make one with `kinescope-chat-server keys generate` or `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem`.',
  )
