<?php

namespace KinescopeChat\TokenServer;

/** Port: the time. */
interface Clock
{
    /** Seconds since the epoch. */
    public function now(): int;

    /** Waits. Milliseconds. */
    public function sleep(int $ms): void;
}
