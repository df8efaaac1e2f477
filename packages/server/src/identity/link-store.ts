/** How a link may be used. */
export interface LinkUse {
  devices: number
  once: boolean
  /** Milliseconds since the epoch. */
  now: number
}

/** Knows which links are revoked and which browsers use one. */
export interface LinkStore {
  isRevoked(id: string): boolean | Promise<boolean>
  /** `other`: as many browsers as allowed use it. `over`: its one visit has ended. */
  use(id: string, device: string, use: LinkUse): LinkResult | Promise<LinkResult>
}

export type LinkResult = 'ok' | 'other' | 'over'

/** One browser's use of a link. Milliseconds since the epoch. */
export interface DeviceUse {
  firstAt: number
  /** When the browser came a second time, which no mail scanner does. */
  confirmedAt: number | null
}

/** A second request after this counts as the same browser's return. A page reload may come sooner. */
const CONFIRM_MS = 15_000
/** A browser that doesn't return within this time was a scanner, or its visitor left. */
const PROVISIONAL_MS = 2 * 3_600_000
/** One visit, from the first opening. */
const VISIT_MS = 12 * 3_600_000

/**
 * Decides about a use of a link, and notes it in `known`. A browser counts once it has come back: mail scanners that open a
 * link first never do. One browser more than allowed may use it until then.
 * @returns the result, and the browser's entry if it changed
 */
export function decideUse(
  known: Map<string, DeviceUse>,
  device: string,
  { devices, once, now }: LinkUse,
): { result: LinkResult; changed?: DeviceUse } {
  const all = [...known.entries()]
  const confirmed = all.filter(([, { confirmedAt }]) => confirmedAt !== null)
  const entry = known.get(device)
  if (once && confirmed.some(([, { firstAt }]) => now - firstAt > VISIT_MS)) return { result: 'over' }
  if (entry?.confirmedAt != null) return { result: 'ok' }
  if (confirmed.length >= devices) return { result: 'other' }
  if (entry && now - entry.firstAt <= PROVISIONAL_MS) {
    if (now - entry.firstAt < CONFIRM_MS) return { result: 'ok' }
    const changed = { ...entry, confirmedAt: now }
    known.set(device, changed)
    return { result: 'ok', changed }
  }
  const provisional = all.filter(
    ([id, { firstAt, confirmedAt }]) =>
      id !== device && confirmedAt === null && now - firstAt <= PROVISIONAL_MS,
  )
  if (provisional.length > devices - confirmed.length) return { result: 'other' }
  const changed = { firstAt: now, confirmedAt: null }
  known.set(device, changed)
  return { result: 'ok', changed }
}

/** For one process: forgets everything at a restart. */
export function memoryLinkStore(): LinkStore & { revoke: (id: string) => void } {
  const revoked = new Set<string>()
  const uses = new Map<string, Map<string, DeviceUse>>()
  return {
    revoke: (id) => void revoked.add(id),
    isRevoked: (id) => revoked.has(id),
    use(id, device, use) {
      const known = uses.get(id) ?? new Map<string, DeviceUse>()
      uses.set(id, known)
      return decideUse(known, device, use).result
    },
  }
}
