const MAX_LENGTH = 80

function pairsOf(text: string): { counts: Map<string, number>; total: number } {
  const counts = new Map<string, number>()
  const padded = ` ${text.slice(0, MAX_LENGTH).toLowerCase()} `
  for (let at = 0; at < padded.length - 1; at++) {
    const pair = padded.slice(at, at + 2)
    counts.set(pair, (counts.get(pair) ?? 0) + 1)
  }
  return { counts, total: padded.length - 1 }
}

/** The names most like `wanted` by shared letter pairs (Dice), best first: for "did you mean". */
export function nearestNames(wanted: string, names: Iterable<string>, limit = 3): string[] {
  const pairs = pairsOf(wanted)
  const scored: { name: string; score: number }[] = []
  for (const name of names) {
    const others = pairsOf(name)
    let shared = 0
    for (const [pair, count] of pairs.counts) shared += Math.min(count, others.counts.get(pair) ?? 0)
    const score = (2 * shared) / (pairs.total + others.total)
    if (score >= 0.4) scored.push({ name, score })
  }
  scored.sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
  return scored.slice(0, limit).map(({ name }) => name)
}
