import { describe, expect, it } from 'vitest'
import { ReturnSlots } from '../../src/endpoint/return-slots.js'

describe('when somebody who is sent away may come back', () => {
  it('spreads a crowd over the time that serving it takes', () => {
    const slots = new ReturnSlots()
    const seconds = Array.from({ length: 10_000 }, () => slots.take(0, 1))
    const perSecond = new Map<number, number>()
    for (const second of seconds) perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(1001)
    expect(Math.max(...seconds)).toBe(11)
  })

  it('is a second for the first after a calm, whatever was before', () => {
    const slots = new ReturnSlots()
    for (let refused = 0; refused < 5000; refused++) slots.take(0, 1)
    expect(slots.take(60_000, 1)).toBeLessThanOrEqual(2)
  })

  it('never sends anybody away for longer than a minute', () => {
    const slots = new ReturnSlots()
    for (let refused = 0; refused < 1000; refused++) expect(slots.take(0, 1000)).toBeLessThanOrEqual(60)
  })
})
