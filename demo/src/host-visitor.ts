import type { Site } from './run-scenario.js'

/** The site's own calls, made past the request log: they are no part of what the element does. */
export function siteCalls(quietly: typeof fetch): Site {
  const post = async (address: string, body: object = {}): Promise<void> => {
    const reply = await quietly(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!reply.ok) throw new Error(`${address} answered ${reply.status}`)
  }
  return {
    signIn: (name) => post('/visitor/sign-in', { name }),
    signOut: () => post('/visitor/sign-out'),
    standing: (changes) => post('/visitor/standing', changes),
    bringSecond: (name) => post('/second-visitor/sign-in', { name }),
    setAside: () => post('/visitor/set-aside'),
    bringBack: () => post('/visitor/bring-back'),
    rotateKeys: () => post('/operator/rotate'),
    async whoAmI() {
      const reply = await quietly('/visitor/who')
      return ((await reply.json()) as { name: string | null }).name
    },
  }
}
