<?php

namespace KinescopeChat\TokenServer;

/** Cleans a name for the public chat, by the same rules as the Node server. */
final class UserName
{
    private const MAX_CODE_POINTS = 64;

    /** How many UTF-16 code units of a name to read. Normalization is quadratic in combining marks. */
    private const MAX_RAW = 512;

    private const NAMELESS = 'Guest';

    /** Characters that fonts may omit: Default_Ignorable_Code_Point, which PCRE doesn't have. */
    public const IGNORABLE = '\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}'
        . '\x{202a}-\x{202e}\x{2060}-\x{206f}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff0}-\x{fff8}'
        . '\x{1bca0}-\x{1bca3}\x{1d173}-\x{1d17a}\x{e0000}-\x{e0fff}';

    /** Format characters, ignorable characters, and blank characters. */
    private const INVISIBLE = '[\x{16fe4}\p{Cc}\p{Cf}\p{Cs}\x{2800}\x{1d159}' . self::IGNORABLE . ']';

    /** The `@` of an email address, with a domain or an address literal after it (RFC 5321, section 4.1.2). */
    private const EMAIL_AT = '/(?<=[^\s@])[@\x{ff20}\x{fe6b}]'
        . '(?=\[?[\p{L}\p{N}\p{M}-]+[.\x{3002}\x{ff0e}\x{ff61}:][\p{L}\p{N}\[:])/u';

    /** The same for a raw text that was cut inside the domain. */
    private const CUT_EMAIL_AT = '/(?<=[^\s@])[@\x{ff20}\x{fe6b}](?=[\p{L}\p{N}\p{M}.\x{3002}\x{ff0e}\x{ff61}-]*$)/uD';

    /** The first part of an Indic conjunct. */
    private const CONJUNCT = '/[\p{Devanagari}\p{Bengali}\p{Gujarati}\p{Oriya}\p{Telugu}\p{Malayalam}][\p{M}\x{200d}]*'
        . '[\x{94d}\x{9cd}\x{acd}\x{b4d}\x{c4d}\x{d4d}][\p{M}\x{200d}]*$/uD';

    public static function clean(string $raw): string
    {
        if (strlen($raw) <= self::MAX_CODE_POINTS && preg_match('/^[!-?A-~]+(?: [!-?A-~]+)*$/D', $raw)) {
            return $raw;
        }
        $text = self::utf8($raw);
        $read = self::first($text);
        $name = self::tidy(self::cut(self::withoutEmail(self::tidy($read), $read !== $text)));
        // PCRE may have an older Unicode version than Node, so an unassigned character may be a letter.
        return preg_match('/[\p{L}\p{N}\p{P}\p{S}\p{Co}\p{Cn}]/u', $name) ? $name : self::NAMELESS;
    }

    /** Cuts a name before the `@` of an email address, because the address identifies its owner outside the chat. */
    private static function withoutEmail(string $name, bool $isCut): string
    {
        $isThere = preg_match(self::EMAIL_AT, $name, $found, PREG_OFFSET_CAPTURE)
            || ($isCut && preg_match(self::CUT_EMAIL_AT, $name, $found, PREG_OFFSET_CAPTURE));
        return $isThere ? substr($name, 0, $found[0][1]) : $name;
    }

    private static function tidy(string $name): string
    {
        // Line breaks and tabs are control characters too, but they separate words.
        $visible = preg_replace('/(?![\t-\r\x{85}\x{200c}\x{200d}\x{fe0e}\x{fe0f}])' . self::INVISIBLE . '/u', '', $name);
        $single = preg_replace('/([\x{200c}\x{200d}])\1+/u', '$1', (string) $visible);
        $kept = preg_replace('/(?:' . Joiners::pattern() . ')(*SKIP)(*FAIL)|[\x{200c}\x{200d}\x{fe0e}\x{fe0f}]/u', '', (string) $single);
        $name = (string) preg_replace('/[\s\x{85}\p{Z}]+/u', ' ', (string) $kept);
        if (class_exists(\Normalizer::class)) {
            $name = (string) \Normalizer::normalize($name, \Normalizer::FORM_C);
        }
        return trim($name, ' ');
    }

    /** Cuts a name to the limit, without splitting a character. */
    private static function cut(string $name): string
    {
        $points = (array) preg_split('//u', $name, -1, PREG_SPLIT_NO_EMPTY);
        $end = count($points) > self::MAX_CODE_POINTS ? self::MAX_CODE_POINTS : count($points);
        while ($end > 0 && isset($points[$end]) && self::isInside($points, $end)) {
            $end--;
        }
        // One character longer than the limit is a letter with many marks, so cut inside it.
        return implode('', array_slice($points, 0, $end === 0 ? self::MAX_CODE_POINTS : $end));
    }

    /**
     * Whether a cut here would split a character: before a mark or the vowel AM of Thai and Lao, beside a joiner, in a
     * flag. `\X` can't decide this, because in PCRE2 10.42 it matches a row of joined emoji as one character.
     *
     * @param string[] $points
     */
    private static function isInside(array $points, int $at): bool
    {
        $isJoined = $points[$at - 1] === "\u{200d}" && preg_match('/^\p{S}$/u', $points[$at]);
        if ($isJoined || preg_match('/^[\p{M}\p{Cf}\x{e33}\x{eb3}\x{1f3fb}-\x{1f3ff}]$/u', $points[$at])) {
            return true;
        }
        $before = implode('', array_slice($points, 0, $at));
        // A conjunct of Indic letters is one character (UAX #29, GB9c).
        $isLetter = preg_match('/^(?=\p{L})[\p{Devanagari}\p{Bengali}\p{Gujarati}\p{Oriya}\p{Telugu}\p{Malayalam}]$/u', $points[$at]);
        if ($isLetter && preg_match(self::CONJUNCT, $before)) {
            return true;
        }
        return preg_match('/^[\x{1f1e6}-\x{1f1ff}]$/u', $points[$at])
            && preg_match('/(?<![\x{1f1e6}-\x{1f1ff}])(?:[\x{1f1e6}-\x{1f1ff}]{2})*[\x{1f1e6}-\x{1f1ff}]$/uD', $before);
    }

    /** Returns the first part of a name, as long as the Node server reads it. */
    private static function first(string $text): string
    {
        $kept = '';
        $units = 0;
        foreach ((array) preg_split('//u', $text, -1, PREG_SPLIT_NO_EMPTY) as $character) {
            $units += strlen((string) $character) === 4 ? 2 : 1;
            if ($units > self::MAX_RAW) {
                break;
            }
            $kept .= $character;
        }
        return $kept;
    }

    /** Returns the text without bytes that aren't valid UTF-8. */
    private static function utf8(string $text): string
    {
        $text = substr($text, 0, 4 * self::MAX_RAW + 8);
        return preg_match('//u', $text)
            ? $text
            : (string) json_decode((string) json_encode($text, JSON_INVALID_UTF8_IGNORE | JSON_UNESCAPED_UNICODE));
    }
}
