<?php

namespace KinescopeChat\TokenServer;

/** An RSA private key, stored as numbers because OpenSSL 3 takes 0.8 ms a token to decode a PEM. */
final class Signer
{
    public const BITS = 2048;

    private const PARTS = ['n', 'e', 'd', 'p', 'q', 'dmp1', 'dmq1', 'iqmp'];

    /** @var array<string, string> */
    private $parts;

    /** @var resource|\OpenSSLAsymmetricKey */
    private $key;

    /** @param array<string, string> $parts the numbers as bytes */
    private function __construct(array $parts)
    {
        $key = openssl_pkey_new(['rsa' => $parts]);
        if ($key === false) {
            throw self::failed('make a key of its numbers');
        }
        $this->parts = $parts;
        $this->key = $key;
    }

    /** Makes a new key. Takes 100 to 340 ms. */
    public static function generate(): self
    {
        $key = openssl_pkey_new([
            'private_key_type' => OPENSSL_KEYTYPE_RSA,
            'private_key_bits' => self::BITS,
            'config' => __DIR__ . '/openssl.cnf',
        ]);
        $details = $key === false ? false : openssl_pkey_get_details($key);
        if ($details === false) {
            throw self::failed('make a key');
        }
        return new self(array_intersect_key($details['rsa'], array_flip(self::PARTS)));
    }

    /** Reads the output of `export()`. */
    public static function import(string $text): self
    {
        $parts = json_decode($text, true);
        if (!is_array($parts) || array_diff(self::PARTS, array_keys($parts))) {
            throw new \UnexpectedValueException('This is no private key.');
        }
        return new self(array_map([Base64Url::class, 'decode'], $parts));
    }

    /** Returns the private key as text. Seal the text before you store it. */
    public function export(): string
    {
        return (string) json_encode(array_map([Base64Url::class, 'encode'], $this->parts));
    }

    /** Returns the modulus in the form of a JWK (RFC 7518, section 6.3.1.1: no leading zero octet). */
    public function n(): string
    {
        return Base64Url::encode(ltrim($this->parts['n'], "\0"));
    }

    /** Returns the exponent in the form of a JWK. */
    public function e(): string
    {
        return Base64Url::encode(ltrim($this->parts['e'], "\0"));
    }

    /** Returns the date and 16 characters of the thumbprint (RFC 7638). The same `kid` means the same key. */
    public function kid(int $now): string
    {
        $jwk = sprintf('{"e":"%s","kty":"RSA","n":"%s"}', $this->e(), $this->n());
        return gmdate('Ymd', $now) . '-' . substr(Base64Url::encode(hash('sha256', $jwk, true)), 0, 16);
    }

    /**
     * Returns a signed token (RFC 7515, compact serialization).
     *
     * @param array<string, mixed> $claims
     */
    public function token(string $kid, array $claims): string
    {
        $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR;
        $head = json_encode(['alg' => 'RS256', 'typ' => 'JWT', 'kid' => $kid], $flags);
        $data = Base64Url::encode($head) . '.' . Base64Url::encode(json_encode($claims, $flags));
        if (!openssl_sign($data, $signature, $this->key, OPENSSL_ALGO_SHA256)) {
            throw self::failed('sign');
        }
        return $data . '.' . Base64Url::encode($signature);
    }

    private static function failed(string $what): OperatorProblem
    {
        $errors = [];
        while (($error = openssl_error_string()) !== false) {
            $errors[] = $error;
        }
        return new OperatorProblem(
            'key-unavailable',
            "OpenSSL could not $what: " . implode('; ', array_slice($errors, -2)),
            'Ask your hosting provider whether the PHP extension "openssl" works.'
        );
    }
}
