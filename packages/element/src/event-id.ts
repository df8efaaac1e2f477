/** Characters that nobody sees, and line breaks: pasting adds them inside an id too. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu
/** What template languages and frameworks leave in the place of a value. No id of a stream has braces. */
const PLACEHOLDER = /^(?:undefined|null|nan|none|\[object\b.*|\$\w+|%\w+%)$|[{}]|%7[bd]|<[%?]|[%?]>|\[\[/i
/** What only looks like an ASCII character: letters of other scripts, wide forms, typographic dashes. */
const ODD = /[^\x20-\x7e]/gu

/** An id as it was given, without invisible characters. DOM-free: the token server uses the same rules. */
export const withoutInvisible = (id: string): string => id.replace(INVISIBLE, '')

/** Whether an id is a placeholder of a template that nothing replaced, such as `{{ id }}` or `undefined`. */
export const isPlaceholder = (id: string): boolean => PLACEHOLDER.test(withoutInvisible(id).trim())

/** The characters of an id that only look like ASCII, such as `"е" (U+0435)`; empty where there are none. */
export const oddCharacters = (id: string): string =>
  [...new Set(withoutInvisible(id.slice(0, 200)).match(ODD))]
    .slice(0, 5)
    .map((odd) => `"${odd}" (U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')})`)
    .join(', ')
