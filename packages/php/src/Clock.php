<?php

namespace KinescopeChat\TokenServer;

/** Port: the current time. */
interface Clock
{
    /** Seconds since the epoch. */
    public function now(): int;

    /** Waits for this time. Milliseconds. */
    public function sleep(int $ms): void;
}
