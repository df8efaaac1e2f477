import type { GuestNameProblem, GuestReply } from 'kinescope-chat/contract'
import type { Guests } from '../identity/guest.js'
import { networkOf } from '../net/addresses.js'
import type { RequestDeadline } from './admission.js'
import { localLimit, type RateLimit } from './rate-limit.js'
import { Refusal } from './refusal.js'
import { readJsonObject, type TokenCall, type Until } from './request.js'

/** Names that one address may choose a minute. A school shares one address. */
const NAMES_A_MINUTE = 300
const MAX_CAPTCHA_LENGTH = 3000

/**
 * Verifies a captcha's response with its provider. A rejection, or no result in time, counts as a failure of the site's.
 * @param response what the page's widget gave; null if the request has none
 */
export type VerifyCaptcha = (
  response: string | null,
  address: string | null,
  until: Until,
) => boolean | Promise<boolean>

export interface GuestEndpointOptions {
  guests: Guests
  verifyCaptcha?: VerifyCaptcha | undefined
  /** By address, where one is known. null is no limit. */
  limit?: RateLimit | null | undefined
}

const DETAILS: Record<GuestNameProblem, string> = {
  empty: 'The name has no letter. Choose another one.',
  'too-long': 'The name is too long. Choose one of at most 32 characters.',
  characters: 'The name has a character that no name has. Use letters, digits, spaces, hyphens, dots.',
  scripts: 'One word of the name mixes alphabets. Write it in one.',
  reserved: 'The name is reserved. Choose another one.',
  taken: 'A member has this name. Choose another one.',
}

/** `POST guest`: gives a guest the name they chose, in a cookie and as a guest token. */
export function guestRegistrar<R>({
  guests,
  verifyCaptcha,
  limit = localLimit({ points: NAMES_A_MINUTE }),
}: GuestEndpointOptions) {
  return async (
    call: TokenCall<R>,
    deadline: RequestDeadline,
  ): Promise<{ reply: GuestReply; setCookie: string }> => {
    const { address } = call
    if (limit && address !== null) {
      const retryAfter = await limit.spend(`guest ${networkOf(address) ?? 'unknown'}`)
      if (retryAfter > 0) throw new Refusal('rate-limited', { reason: 'guest-names', retryAfter })
    }
    deadline.step = 'body'
    const body = readJsonObject(await call.readBody(deadline), ['name', 'captcha'])
    const { name, captcha = null } = body
    if (typeof name !== 'string') throw badRequest('name-type', '"name" must be a string.')
    if (captcha !== null && (typeof captcha !== 'string' || captcha.length > MAX_CAPTCHA_LENGTH)) {
      throw badRequest('captcha-type', '"captcha" must be the text that the captcha gave.')
    }
    if (verifyCaptcha) {
      deadline.step = 'identity'
      const { signal } = deadline
      const verify = async () => verifyCaptcha(captcha, address, { signal })
      const isPassed = await verify().catch((cause: unknown) => {
        throw new Refusal('identity-unavailable', { reason: 'captcha', retryAfter: 2, cause })
      })
      deadline.throwIfOver()
      if (!isPassed) throw badRequest('captcha-failed', 'The captcha was not passed. Solve it again.')
    }
    const named = await guests.register(call, name)
    if ('problem' in named) {
      const { problem } = named
      throw new Refusal('bad-request', {
        reason: `guest-name-${problem}`,
        detail: DETAILS[problem],
        nameProblem: problem,
      })
    }
    const { setCookie, ...reply } = named
    return { reply, setCookie }
  }
}

const badRequest = (reason: string, detail: string) => new Refusal('bad-request', { reason, detail })
