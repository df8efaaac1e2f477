<?php

namespace KinescopeChat\TokenServer;

final class SystemClock implements Clock
{
    public function now(): int
    {
        return time();
    }

    public function sleep(int $ms): void
    {
        usleep($ms * 1000);
    }
}
