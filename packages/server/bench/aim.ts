/** The target for a measured value. A quiet machine reaches it, a busy one may miss it. */
export interface Aim {
  bound: 'at least' | 'at most'
  limit: number
  measured: number
}

export const isMet = ({ measured, bound, limit }: Aim): boolean =>
  bound === 'at least' ? measured >= limit : measured <= limit
