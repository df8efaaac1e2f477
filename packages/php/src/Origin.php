<?php

namespace KinescopeChat\TokenServer;

/** Decides whether the page that sends a request may get tokens. Browsers set the headers, and pages can't. */
final class Origin
{
    /** Headers that monitoring tools add to a page's requests. */
    private const MONITORING = '/^(?:traceparent|tracestate|baggage|sentry-trace|b3|newrelic|x-request-id'
        . '|x-requested-with|x-datadog-[a-z\d-]{1,40}|x-b3-[a-z\d-]{1,40})$/D';

    /** @var string[] */
    private $allowed;

    /** @var string[] */
    private $own;

    /**
     * @param string[] $allowed exact origins of pages on other hosts
     * @param string[] $own     origins of this site, for requests without `Sec-Fetch-Site`
     */
    public function __construct(array $allowed, array $own)
    {
        $this->allowed = $allowed;
        $this->own = $own;
    }

    /** Whether a request with this `Origin` and `Sec-Fetch-Site` may get a token. */
    public function mayAsk(?string $origin, ?string $fetchSite): bool
    {
        if ($origin === 'null') {
            return false;
        }
        switch ((string) $fetchSite) {
            case 'same-origin':
                return true;
            case '':
                return $origin !== null && ($this->isListed($origin) || in_array($origin, $this->own, true));
            case 'none':
                return false;
            default:
                // A `same-site` host may have another owner.
                return $this->isListed($origin);
        }
    }

    /** Whether a page of this origin may read the response. */
    public function isListed(?string $origin): bool
    {
        return $origin !== null && $origin !== 'null' && in_array($origin, $this->allowed, true);
    }

    /**
     * Returns the response headers of a preflight (Fetch standard, section 3.2.2).
     *
     * @return array<string, string>
     */
    public static function preflight(string $asked): array
    {
        $names = array_map('trim', explode(',', strtolower(substr($asked, 0, 2000))));
        $monitoring = preg_grep(self::MONITORING, $names);
        return [
            'Access-Control-Allow-Methods' => 'POST',
            'Access-Control-Allow-Headers' => implode(
                ', ',
                array_unique(array_merge(['authorization', 'content-type'], (array) $monitoring))
            ),
            'Access-Control-Max-Age' => '600',
        ];
    }

    /** Returns the origin of a URL (RFC 6454), or null if it has none. */
    public static function of(string $url): ?string
    {
        $parts = parse_url($url);
        if (!is_array($parts) || !isset($parts['scheme'], $parts['host'])) {
            return null;
        }
        $scheme = strtolower($parts['scheme']);
        $port = $parts['port'] ?? null;
        $usual = ['https' => 443, 'http' => 80][$scheme] ?? null;
        $host = strtolower($parts['host']);
        // Browsers write an international name in ASCII, without the transitional mapping of ß to ss (URL standard).
        if (preg_match('/[^ -~]/', $host) && function_exists('idn_to_ascii')) {
            $host = (string) idn_to_ascii($host, IDNA_NONTRANSITIONAL_TO_ASCII, INTL_IDNA_VARIANT_UTS46);
        }
        return "$scheme://$host" . ($port === null || $port === $usual ? '' : ":$port");
    }
}
