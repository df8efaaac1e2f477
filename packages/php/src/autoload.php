<?php

// Loads the classes on sites without Composer.
spl_autoload_register(static function (string $class): void {
    $prefix = 'KinescopeChat\\TokenServer\\';
    if (strncmp($class, $prefix, strlen($prefix)) === 0) {
        $path = __DIR__ . '/' . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
        if (is_file($path)) {
            require $path;
        }
    }
});
