/**
 * Invisible characters, line breaks, those that reverse the text, and lone surrogates. Pasting can add them inside an id
 * too.
 */
export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu
/**
 * Placeholders that template languages and frameworks leave instead of a value: their words, what begins with a
 * punctuation mark (`../x` is a path), markup, and marks of expressions. No stream id has such characters; a link of
 * another site may have some.
 */
const PLACEHOLDER =
  /^(?:undefined|null|nan|none|nil|true|false|array|__\w+__)$|^[!-)+,:-@[-^`{-~]|^\.(?!\.\/)|[{}<>]|%[357][bcd]|^(?!https?:).*[@|()]/i
/** Characters that no id of a stream has, such as spaces, letters of other scripts, wide forms, typographic dashes. */
const ODD = /[^\w-]/gu

/** Removes invisible characters from an id. DOM-free: the token server uses the same rules. */
export const withoutInvisible = (id: string): string => id.replace(INVISIBLE, '')

/** Whether an id is a template's placeholder that was never replaced, such as `{{ id }}` or `undefined`. */
export const isPlaceholder = (id: string): boolean => PLACEHOLDER.test(withoutInvisible(id).trim())

/** Lists the characters that no id of a stream has, such as `"е" (U+0435)`; empty without any. */
export const oddCharacters = (id: string): string =>
  [...new Set(withoutInvisible(id.slice(0, 200)).match(ODD))]
    .slice(0, 5)
    .map((odd) => `"${odd}" (U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')})`)
    .join(', ')
