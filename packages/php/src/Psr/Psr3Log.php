<?php

namespace KinescopeChat\TokenServer\Psr;

use Psr\Log\LoggerInterface;

/** Writes log entries to a PSR-3 logger: `'log' => new Psr3Log($logger)`. */
final class Psr3Log
{
    /** @var LoggerInterface */
    private $logger;

    public function __construct(LoggerInterface $logger)
    {
        $this->logger = $logger;
    }

    /** @param array<string, string|int|null> $entry */
    public function __invoke(array $entry): void
    {
        $level = ($entry['status'] ?? 500) >= 500 ? 'error' : 'info';
        $this->logger->log($level, 'kinescope-chat: {code}', $entry);
    }
}
