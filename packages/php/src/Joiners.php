<?php

namespace KinescopeChat\TokenServer;

/** Finds the joiners that change how a name looks (RFC 5892, appendix A.1 and A.2). PCRE has no Joining_Type. */
final class Joiners
{
    /** Letters that join the next letter (Joining_Type L or D). */
    private const JOINS_NEXT = '\x{620}\x{626}\x{628}\x{62a}-\x{62e}\x{633}-\x{63f}\x{641}-\x{647}\x{649}-\x{64a}\x{66e}-\x{66f}'
        . '\x{678}-\x{687}\x{69a}-\x{6bf}\x{6c1}-\x{6c2}\x{6cc}\x{6ce}\x{6d0}-\x{6d1}\x{6fa}-\x{6fc}\x{6ff}'
        . '\x{712}-\x{714}\x{71a}-\x{71d}\x{71f}-\x{727}\x{729}\x{72b}\x{72d}-\x{72e}\x{74e}-\x{758}'
        . '\x{75c}-\x{76a}\x{76d}-\x{770}\x{772}\x{775}-\x{777}\x{77a}-\x{77f}\x{7ca}-\x{7ea}\x{841}-\x{845}'
        . '\x{848}\x{84a}-\x{853}\x{855}\x{860}\x{862}-\x{865}\x{868}\x{886}\x{889}-\x{88d}\x{88f}'
        . '\x{8a0}-\x{8a9}\x{8af}-\x{8b0}\x{8b3}-\x{8b8}\x{8ba}-\x{8c8}\x{1807}\x{1820}-\x{1878}'
        . '\x{1887}-\x{18a8}\x{18aa}\x{a840}-\x{a872}\x{10ac0}-\x{10ac4}\x{10acd}\x{10ad3}-\x{10adc}'
        . '\x{10ade}-\x{10ae0}\x{10aeb}-\x{10aee}\x{10b80}\x{10b82}\x{10b86}-\x{10b88}\x{10b8a}-\x{10b8b}'
        . '\x{10b8d}\x{10b90}\x{10bad}-\x{10bae}\x{10d00}-\x{10d21}\x{10d23}\x{10ec3}-\x{10ec4}'
        . '\x{10ec6}-\x{10ec7}\x{10f30}-\x{10f32}\x{10f34}-\x{10f44}\x{10f51}-\x{10f53}\x{10f70}-\x{10f73}'
        . '\x{10f76}-\x{10f81}\x{10fb0}\x{10fb2}-\x{10fb3}\x{10fb8}\x{10fbb}-\x{10fbc}\x{10fbe}-\x{10fbf}'
        . '\x{10fc1}\x{10fc4}\x{10fca}-\x{10fcb}\x{1e900}-\x{1e943}';

    /** Letters that join the previous letter (Joining_Type R or D). */
    private const JOINS_PREVIOUS = '\x{620}\x{622}-\x{63f}\x{641}-\x{64a}\x{66e}-\x{66f}\x{671}-\x{673}\x{675}-\x{6d3}\x{6d5}'
        . '\x{6ee}-\x{6ef}\x{6fa}-\x{6fc}\x{6ff}\x{710}\x{712}-\x{72f}\x{74d}-\x{77f}\x{7ca}-\x{7ea}'
        . '\x{840}-\x{858}\x{860}\x{862}-\x{865}\x{867}-\x{86a}\x{870}-\x{882}\x{886}\x{889}-\x{88f}'
        . '\x{8a0}-\x{8ac}\x{8ae}-\x{8c8}\x{1807}\x{1820}-\x{1878}\x{1887}-\x{18a8}\x{18aa}\x{a840}-\x{a871}'
        . '\x{10ac0}-\x{10ac5}\x{10ac7}\x{10ac9}-\x{10aca}\x{10ace}-\x{10ad6}\x{10ad8}-\x{10ae1}\x{10ae4}'
        . '\x{10aeb}-\x{10aef}\x{10b80}-\x{10b91}\x{10ba9}-\x{10bae}\x{10d01}-\x{10d23}\x{10ec2}-\x{10ec4}'
        . '\x{10ec6}-\x{10ec7}\x{10f30}-\x{10f44}\x{10f51}-\x{10f54}\x{10f70}-\x{10f81}\x{10fb0}'
        . '\x{10fb2}-\x{10fb6}\x{10fb8}-\x{10fbf}\x{10fc1}-\x{10fc4}\x{10fc9}-\x{10fca}\x{1e900}-\x{1e943}';

    /** Characters of Canonical_Combining_Class Virama. */
    private const VIRAMA = '\x{94d}\x{9cd}\x{a4d}\x{acd}\x{b4d}\x{bcd}\x{c4d}\x{ccd}\x{d3b}-\x{d3c}\x{d4d}\x{dca}\x{e3a}\x{eba}'
        . '\x{f84}\x{1039}-\x{103a}\x{1714}-\x{1715}\x{1734}\x{17d2}\x{1a60}\x{1b44}\x{1baa}-\x{1bab}'
        . '\x{1bf2}-\x{1bf3}\x{2d7f}\x{a806}\x{a82c}\x{a8c4}\x{a953}\x{a9c0}\x{aaf6}\x{abed}\x{10a3f}\x{11046}'
        . '\x{11070}\x{1107f}\x{110b9}\x{11133}-\x{11134}\x{111c0}\x{11235}\x{112ea}\x{1134d}'
        . '\x{113ce}-\x{113d0}\x{11442}\x{114c2}\x{115bf}\x{1163f}\x{116b6}\x{1172b}\x{11839}'
        . '\x{1193d}-\x{1193e}\x{119e0}\x{11a34}\x{11a47}\x{11a99}\x{11c3f}\x{11d44}-\x{11d45}\x{11d97}'
        . '\x{11f41}-\x{11f42}\x{1612f}';

    /** Marks that don't change whether the letters around them join (Joining_Type T). */
    private const TRANSPARENT = '[\p{Mn}\p{Me}\x{1e94b}]';

    /** Returns the pattern of the joiners and variation selectors to keep: in emoji sequences and between letters. */
    public static function pattern(): string
    {
        // PCRE2 has this property since 10.40.
        $emoji = version_compare(PCRE_VERSION, '10.40', '>=')
            ? '\p{Extended_Pictographic}'
            : '[\x{a9}\x{ae}\x{203c}\x{2049}\x{2122}\x{2139}\x{2194}-\x{21aa}\x{231a}-\x{23fa}\x{24c2}\x{25aa}-\x{27bf}'
                . '\x{2934}\x{2935}\x{2b05}-\x{2b55}\x{3030}\x{303d}\x{3297}\x{3299}\x{1f004}-\x{1faff}]';
        $skin = '[\x{1f3fb}-\x{1f3ff}]';
        $marks = self::TRANSPARENT;
        $before = [];
        // A lookbehind needs alternatives of fixed length.
        for ($count = 0; $count <= 4; $count++) {
            $before[] = '[' . self::JOINS_NEXT . ']' . ($count === 0 ? '' : $marks . '{' . $count . '}');
        }
        return "(?<={$emoji}|{$emoji}{$skin}|{$emoji}\x{fe0f}|{$emoji}{$skin}\x{fe0f})\x{200d}(?={$emoji})"
            . "|(?<={$emoji})[\x{fe0e}\x{fe0f}]|(?<=[#*0-9])\x{fe0f}(?=\x{20e3})"
            // A chillu of Malayalam, at the end of a word too.
            . '|(?<=[\x{d15}\x{d23}\x{d28}\x{d30}\x{d32}\x{d33}]\x{d4d})\x{200d}'
            . '|(?<=[' . self::VIRAMA . '])[\x{200c}\x{200d}](?=\p{L})'
            . '|(?<=' . implode('|', $before) . ")\x{200c}(?={$marks}{0,4}[" . self::JOINS_PREVIOUS . '])';
    }
}
