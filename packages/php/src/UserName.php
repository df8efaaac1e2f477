<?php

namespace KinescopeChat\TokenServer;

/** Makes a name fit for the public chat, by the rules of the Node server. */
final class UserName
{
    private const MAX_CODE_POINTS = 64;

    /** Read at all. Normalizing costs the square of the combining marks, so it comes after this. Code points. */
    private const MAX_RAW = 512;

    private const NAMELESS = 'Guest';

    private const SPACE = '/[\s\x{85}\p{Z}]+/u';

    /** Format characters, what fonts may leave out (Default_Ignorable_Code_Point), and signs drawn as nothing. */
    private const INVISIBLE = '[\x{16fe4}\p{Cc}\p{Cf}\x{34f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}'
        . '\x{2060}-\x{206f}\x{2800}\x{3164}\x{fe00}-\x{fe0f}\x{ffa0}\x{fff0}-\x{fff8}\x{1d159}\x{e0000}-\x{e0fff}]';

    /** Characters that end a consonant (Canonical_Combining_Class=Virama). */
    private const VIRAMA = '[\x{94d}\x{9cd}\x{a4d}\x{acd}\x{b4d}\x{bcd}\x{c4d}\x{ccd}\x{d3b}\x{d3c}\x{d4d}\x{dca}'
        . '\x{e3a}\x{eba}\x{f84}\x{1039}\x{103a}\x{1714}\x{1715}\x{1734}\x{17d2}\x{1a60}\x{1b44}\x{1baa}\x{1bab}'
        . '\x{1bf2}\x{1bf3}\x{2d7f}\x{a806}\x{a82c}\x{a8c4}\x{a953}\x{a9c0}\x{aaf6}\x{abed}]';

    /** Letters of joining scripts, and those among them that don't join to the next one. */
    private const JOINING = '[\p{Arabic}\p{Syriac}\p{Nko}\p{Mongolian}\p{Mandaic}\p{Manichaean}]';
    private const RIGHT_JOINING = '[\x{621}-\x{625}\x{627}\x{629}\x{62f}-\x{632}\x{648}\x{671}-\x{677}\x{688}-\x{699}'
        . '\x{6c0}\x{6c3}-\x{6cb}\x{6cd}\x{6cf}\x{6d2}\x{6d3}\x{6d5}\x{6dd}\x{6ee}\x{6ef}]';

    /** The address of a mailbox, and the two other forms of its sign. */
    private const ADDRESS = '/[^\s@\x{ff20}\x{fe6b}][@\x{ff20}\x{fe6b}][^\s@\x{ff20}\x{fe6b}]*[^\s@\x{ff20}\x{fe6b}.]/u';

    public static function clean(string $raw): string
    {
        if (strlen($raw) <= self::MAX_CODE_POINTS && preg_match('/^[!-?A-~]+(?: [!-?A-~]+)*$/D', $raw)) {
            return $raw;
        }
        $name = self::tidy(self::cut(self::withoutAddress(self::tidy(self::first(self::utf8($raw), self::MAX_RAW)))));
        return preg_match('/[\p{L}\p{N}\p{P}\p{S}\p{Co}]/u', $name) ? $name : self::NAMELESS;
    }

    /** A name with an e-mail address in it ends before the `@`. */
    private static function withoutAddress(string $name): string
    {
        if (!preg_match(self::ADDRESS, $name)) {
            return $name;
        }
        return (string) preg_replace('/[@\x{ff20}\x{fe6b}].*$/us', '', $name);
    }

    private static function tidy(string $name): string
    {
        $parts = (array) preg_split('/' . self::keptJoiner() . '/u', $name, -1, PREG_SPLIT_DELIM_CAPTURE);
        foreach ($parts as $at => $part) {
            if ($at % 2 === 0) {
                $part = preg_replace(self::SPACE, ' ', (string) $part);
                $parts[$at] = preg_replace('/' . self::INVISIBLE . '/u', '', (string) $part);
            }
        }
        $name = (string) preg_replace('/ {2,}/', ' ', implode('', $parts));
        if (class_exists(\Normalizer::class)) {
            $name = (string) \Normalizer::normalize($name, \Normalizer::FORM_C);
        }
        return trim($name, ' ');
    }

    /** Where an invisible character makes something visible: in emoji, and in scripts that need it (RFC 5892, A.1, A.2). */
    private static function keptJoiner(): string
    {
        static $pattern = null;
        if ($pattern === null) {
            // The property came with PCRE2 10.40.
            $emoji = version_compare(PCRE_VERSION, '10.40', '>=')
                ? '\p{Extended_Pictographic}'
                : '[\x{a9}\x{ae}\x{203c}\x{2049}\x{2122}\x{2139}\x{2194}-\x{21aa}\x{231a}-\x{23fa}\x{24c2}'
                    . '\x{25aa}-\x{27bf}\x{2934}\x{2935}\x{2b05}-\x{2b55}\x{3030}\x{303d}\x{3297}\x{3299}\x{1f004}-\x{1faff}]';
            $skin = '[\x{1f3fb}-\x{1f3ff}]';
            $joins = '(?!' . self::RIGHT_JOINING . ')' . self::JOINING;
            $pattern = "((?<={$emoji}|{$emoji}{$skin}|{$emoji}\\x{fe0f}|{$emoji}{$skin}\\x{fe0f})\\x{200d}(?={$emoji})"
                . "|(?<={$emoji})[\\x{fe0e}\\x{fe0f}]|(?<=[#*0-9])\\x{fe0f}(?=\\x{20e3})"
                . '|(?<=' . self::VIRAMA . ')[\x{200c}\x{200d}](?=\p{L})'
                . "|(?<={$joins}|{$joins}\\p{Mn})\\x{200c}(?=" . self::JOINING . '))';
        }
        return $pattern;
    }

    /** The first characters, never more than fit and never a part of one. */
    private static function cut(string $name): string
    {
        $points = (array) preg_split('//u', $name, -1, PREG_SPLIT_NO_EMPTY);
        $end = count($points) > self::MAX_CODE_POINTS ? self::MAX_CODE_POINTS : count($points);
        while ($end > 0 && isset($points[$end]) && self::isInside($points, $end)) {
            $end--;
        }
        // A single "character" longer than a whole name is marks piled on a letter.
        return implode('', array_slice($points, 0, $end === 0 ? self::MAX_CODE_POINTS : $end));
    }

    /**
     * Whether a cut would part a character: before a mark, beside a joiner, in a flag. `\X` of PCRE2 10.42 takes a row
     * of joined emoji for one character.
     *
     * @param string[] $points
     */
    private static function isInside(array $points, int $at): bool
    {
        if ($points[$at - 1] === "\u{200d}" || preg_match('/^[\p{M}\p{Cf}\x{1f3fb}-\x{1f3ff}]$/u', $points[$at])) {
            return true;
        }
        $before = implode('', array_slice($points, 0, $at));
        return preg_match('/^[\x{1f1e6}-\x{1f1ff}]$/u', $points[$at])
            && preg_match('/(?<![\x{1f1e6}-\x{1f1ff}])(?:[\x{1f1e6}-\x{1f1ff}]{2})*[\x{1f1e6}-\x{1f1ff}]$/uD', $before);
    }

    private static function first(string $text, int $codePoints): string
    {
        return preg_match('/^.{0,' . $codePoints . '}/us', $text, $found) ? $found[0] : '';
    }

    /** The text without bytes that are no UTF-8. */
    private static function utf8(string $text): string
    {
        $text = substr($text, 0, 4 * self::MAX_RAW);
        return preg_match('//u', $text)
            ? $text
            : (string) json_decode((string) json_encode($text, JSON_INVALID_UTF8_IGNORE | JSON_UNESCAPED_UNICODE));
    }
}
