const MAX_SHOWN = 200

/** What a stranger wrote, as a log may show it: cut, and without what could forge a line or turn it around. */
export function shown(text: string): string {
  const short = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
  return short.replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, '\ufffd')
}
