<?php

namespace KinescopeChat\TokenServer;

/** Stores the values as files in a folder outside the web root. */
final class FileStore implements Store
{
    /** @var string */
    private $folder;

    /**
     * @param string $webRoot the document root of the web server; empty on the command line
     * @throws OperatorProblem `folder-unsafe`, `folder-not-writable`
     */
    public function __construct(string $folder, string $webRoot = '')
    {
        if (!is_dir($folder)) {
            self::quietly(static function () use ($folder): bool {
                return mkdir($folder, 0700, true);
            });
        }
        $real = realpath($folder);
        // A read-only folder with keys is enough to sign. `swap()` says that it can't write.
        if ($real === false || !is_readable($real)) {
            throw new OperatorProblem(
                'folder-not-writable',
                "PHP can’t make or read the folder $folder.",
                'Create it outside the web root, and give it to the user that PHP runs as.'
            );
        }
        $root = $webRoot === '' ? false : realpath($webRoot);
        if ($root !== false && strpos($real . '/', rtrim($root, '/') . '/') === 0) {
            throw new OperatorProblem(
                'folder-unsafe',
                "The folder $real is inside the web root $root.",
                'Choose a folder beside or above the web root.'
            );
        }
        $mode = fileperms($real);
        if (DIRECTORY_SEPARATOR === '/' && ($mode & 0022) !== 0) {
            throw new OperatorProblem(
                'folder-unsafe',
                sprintf('Other users may write to %s (mode %04o).', $real, $mode & 07777),
                "Run: chmod 700 $real"
            );
        }
        // The web server's PHP couldn't read files that a command writes as root.
        if (PHP_SAPI === 'cli' && function_exists('posix_geteuid') && posix_geteuid() === 0 && fileowner($real) !== 0) {
            throw new OperatorProblem(
                'folder-unsafe',
                "The folder $real doesn’t belong to root.",
                'Run this command as the user that PHP runs as on the web server.'
            );
        }
        $this->folder = $real;
    }

    /** @throws OperatorProblem `folder-not-readable`: an unreadable value is not a missing one */
    public function read(string $name): ?string
    {
        $path = $this->path($name);
        // Another process may delete the file at any moment.
        $text = self::quietly(static function () use ($path) {
            return file_get_contents($path);
        });
        clearstatcache(true, $path);
        if ($text === false && (file_exists($path) || is_link($path))) {
            throw new OperatorProblem(
                'folder-not-readable',
                "PHP can’t read $path.",
                'Give the files of this folder to the user that PHP runs as.'
            );
        }
        return $text === false ? null : $text;
    }

    public function swap(string $name, ?string $old, ?string $new): bool
    {
        $path = $this->path($name);
        $lock = self::quietly(function () {
            return fopen($this->folder . '/.lock', 'c');
        });
        if ($lock === false || !flock($lock, LOCK_EX)) {
            throw self::notWritten($name);
        }
        try {
            if ($this->read($name) !== $old) {
                return false;
            }
            $isDone = $old === $new || self::quietly(static function () use ($path, $new): bool {
                return $new === null ? unlink($path) : self::write($path, $new);
            });
        } finally {
            fclose($lock);
        }
        if (!$isDone) {
            throw self::notWritten($name);
        }
        return true;
    }

    public static function notWritten(string $name): OperatorProblem
    {
        $remediation = 'Check the free space of the disk and the owner of the folder.';
        return new OperatorProblem('folder-not-writable', "PHP can’t write $name to the folder for keys.", $remediation);
    }

    /** Replaces a file with one rename, so that readers never see a partial file. */
    private static function write(string $path, string $text): bool
    {
        $temporary = "$path.new";
        $mask = umask(0077);
        $file = fopen($temporary, 'w');
        umask($mask);
        if ($file === false) {
            return false;
        }
        $isWritten = fwrite($file, $text) === strlen($text) && fflush($file) && (!function_exists('fsync') || fsync($file));
        fclose($file);
        if ($isWritten && rename($temporary, $path)) {
            return true;
        }
        unlink($temporary);
        return false;
    }

    /**
     * Runs work whose warnings are expected. `@` isn't enough: a site's error handler may throw nevertheless.
     *
     * @return mixed
     */
    private static function quietly(callable $work)
    {
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            return $work();
        } finally {
            restore_error_handler();
        }
    }

    private function path(string $name): string
    {
        return "$this->folder/$name";
    }
}
