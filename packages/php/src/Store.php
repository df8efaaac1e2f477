<?php

namespace KinescopeChat\TokenServer;

/** Port: a few named values that several processes share. */
interface Store
{
    /** Reads a value without a cache. Returns null if there is none. */
    public function read(string $name): ?string;

    /**
     * Compare-and-swap: replaces a value only if it still is `$old`. Null means "no value".
     *
     * @return bool whether the value was replaced
     * @throws OperatorProblem if the value can't be written
     */
    public function swap(string $name, ?string $old, ?string $new): bool;
}
