<?php

namespace KinescopeChat\TokenServer;

/** Encrypts stored values with a secret (AES-256-GCM). */
final class Seal
{
    private const CIPHER = 'aes-256-gcm';

    /** @var string */
    private $key;

    /** @var string */
    private $mark;

    /** @param string $secret 32 random bytes or more, in any form */
    public function __construct(string $secret)
    {
        if (!function_exists('openssl_encrypt')) {
            throw new OperatorProblem(
                'no-openssl',
                'PHP has no extension "openssl".',
                'Ask your hosting provider to turn it on.'
            );
        }
        if (strlen($secret) < 32 || strlen(count_chars($secret, 3)) < 8) {
            throw new OperatorProblem(
                'seal-too-weak',
                'The sealing secret is too weak.',
                'Use a random text of 32 characters or more.'
            );
        }
        $this->key = hash_hkdf('sha256', $secret, 32, 'kinescope-chat seal');
        $this->mark = substr(hash_hmac('sha256', 'mark', $this->key), 0, 12);
    }

    /** @param string $about a name for the text; `open()` needs the same name */
    public function close(string $plain, string $about): string
    {
        $iv = random_bytes(12);
        $sealed = openssl_encrypt($plain, self::CIPHER, $this->key, OPENSSL_RAW_DATA, $iv, $tag, $about);
        return $this->mark . '.' . base64_encode($iv . $tag . $sealed);
    }

    /** @throws OperatorProblem `seal-changed` */
    public function open(string $text, string $about): string
    {
        [$mark, $rest] = explode('.', $text, 2) + ['', ''];
        $bytes = (string) base64_decode($rest, true);
        $plain = $this->fits($text)
            ? openssl_decrypt(
                substr($bytes, 28),
                self::CIPHER,
                $this->key,
                OPENSSL_RAW_DATA,
                substr($bytes, 0, 12),
                substr($bytes, 12, 16),
                $about
            )
            : false;
        if ($plain === false) {
            throw new OperatorProblem(
                'seal-changed',
                $mark === $this->mark
                    ? 'The stored key is damaged.'
                    : 'The stored key was sealed with another secret.',
                'Restore the former secret, or make a new key.'
            );
        }
        return $plain;
    }

    /** Whether a text was sealed with this secret. */
    public function fits(string $text): bool
    {
        return strncmp($text, $this->mark . '.', 13) === 0;
    }
}
