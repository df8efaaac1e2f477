/** One line of a metrics page. */
export interface Sample {
  name: string
  labels: Readonly<Record<string, string>>
  value: number
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/
const LABEL = /(?<!\w)([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g

/** Reads the Prometheus text format (version 0.0.4) and OpenMetrics. Lines that are neither are skipped. */
export function readMetrics(text: string): Sample[] {
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    const [, name, labels, number] = LINE.exec(line) ?? []
    if (!name) continue
    const value = number === '+Inf' ? Infinity : Number(number)
    if (Number.isNaN(value)) continue
    const pairs = [...(labels ?? '').matchAll(LABEL)].map(([, label, quoted]) => [label, unescape(quoted!)])
    samples.push({ name, labels: Object.fromEntries(pairs) as Record<string, string>, value })
  }
  return samples
}

const unescape = (text: string) =>
  text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))

/** The sum of a metric's values, of those lines that have these labels. */
export function total(
  samples: readonly Sample[],
  name: string,
  wanted: Readonly<Record<string, string>> = {},
): number {
  let sum = 0
  for (const sample of samples)
    if (
      sample.name === name &&
      Object.entries(wanted).every(([label, value]) => sample.labels[label] === value)
    )
      sum += sample.value
  return sum
}

/** The sums of a metric's values by one label. */
export function totalsBy(samples: readonly Sample[], name: string, label: string): Map<string, number> {
  const sums = new Map<string, number>()
  for (const sample of samples) {
    const value = sample.labels[label]
    if (sample.name === name && value !== undefined) sums.set(value, (sums.get(value) ?? 0) + sample.value)
  }
  return sums
}

/** A quantile of a histogram, in its unit, as Prometheus estimates it; null without observations. */
export function histogramQuantile(samples: readonly Sample[], name: string, share: number): number | null {
  const byBound = [...totalsBy(samples, `${name}_bucket`, 'le')]
    .map(([bound, count]) => ({ bound: bound === '+Inf' ? Infinity : Number(bound), count }))
    .sort((one, other) => one.bound - other.bound)
  const all = byBound.at(-1)?.count ?? 0
  if (all === 0) return null
  let lower = { bound: 0, count: 0 }
  for (const bucket of byBound) {
    if (bucket.count >= share * all) {
      if (bucket.bound === Infinity) return lower.bound
      const inside = (share * all - lower.count) / (bucket.count - lower.count || 1)
      return lower.bound + (bucket.bound - lower.bound) * inside
    }
    lower = bucket
  }
  return lower.bound
}
