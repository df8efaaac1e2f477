<?php

namespace KinescopeChat\TokenServer;

/** Port: a few named values that several processes share. */
interface Store
{
    /** The value, read past every cache; null if there is none. */
    public function read(string $name): ?string;

    /**
     * Compare-and-swap: replaces a value only if it still is `$old`. Null stands for "no value".
     *
     * @return bool whether the value was replaced
     */
    public function swap(string $name, ?string $old, ?string $new): bool;
}
