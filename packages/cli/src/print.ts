/** A name that a user chose must not move the cursor or write the title of somebody's terminal. */
export const clean = (value: unknown): string =>
  value === undefined || value === null ? '-' : String(value).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')

export const print = (text: string): void => void process.stdout.write(`${text}\n`)

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2))

/** Columns under their names; wide cells keep their end, since a piped table is read by programs. */
export function toTable<T extends object>(items: readonly T[], columns: Readonly<Record<string, (item: T) => unknown>>): string {
  const names = Object.keys(columns)
  const rows = [names, ...items.map((item) => Object.values(columns).map((cellOf) => clean(cellOf(item))))]
  const widths = names.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function printList<T extends object>(
  page: { readonly items: readonly T[]; readonly nextCursor: string | null },
  json: true | undefined,
  columns: Readonly<Record<string, (item: T) => unknown>>,
): void {
  if (json) {
    printJson(page)
    return
  }
  print(page.items.length === 0 ? 'None.' : toTable(page.items, columns))
  if (page.nextCursor) print(`More: --cursor ${clean(page.nextCursor)}`)
}

/** One thing, a line for each of its fields; what is not there is left out. */
export function printFields(value: object, json: true | undefined): void {
  if (json) {
    printJson(value)
    return
  }
  const fields = Object.entries(value).filter(([, one]) => one !== undefined && one !== null)
  const width = Math.max(0, ...fields.map(([name]) => name.length))
  for (const [name, one] of fields) print(`${name.padEnd(width)}  ${clean(typeof one === 'object' ? JSON.stringify(one) : one)}`)
}
