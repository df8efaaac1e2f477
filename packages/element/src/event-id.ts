/** Invisible characters and line breaks. Pasting can add them inside an id too. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu
/**
 * Placeholders that template languages and frameworks leave instead of a value. No stream id has such characters; a link
 * of another site may have some.
 */
const PLACEHOLDER =
  /^(?:undefined|null|nan|none|nil|true|false|%+[\w$]+%*|#+\w+#+|__\w+__)$|^[[$:]|[{}<>]|%7[bd]|^(?!https?:).*[@|()]/i
/** Characters outside ASCII that can look like it: letters of other scripts, wide forms, typographic dashes. */
const ODD = /[^\x20-\x7e]/gu

/** Removes invisible characters from an id. DOM-free: the token server uses the same rules. */
export const withoutInvisible = (id: string): string => id.replace(INVISIBLE, '')

/** Whether an id is a template's placeholder that was never replaced, such as `{{ id }}` or `undefined`. */
export const isPlaceholder = (id: string): boolean => PLACEHOLDER.test(withoutInvisible(id).trim())

/** Lists the characters of an id that only look like ASCII, such as `"е" (U+0435)`; empty without any. */
export const oddCharacters = (id: string): string =>
  [...new Set(withoutInvisible(id.slice(0, 200)).match(ODD))]
    .slice(0, 5)
    .map((odd) => `"${odd}" (U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')})`)
    .join(', ')
