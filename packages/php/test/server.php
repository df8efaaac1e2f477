<?php

// Serves the test cases of the contract: php -S 127.0.0.1:PORT test/server.php, with SITE and KEY_FOLDER set.

namespace KinescopeChat\TokenServer;

require __DIR__ . '/../src/autoload.php';

// A notice of the package itself fails a case.
set_error_handler(static function (int $level, string $message, string $file): bool {
    if (strpos($file, '/src/') !== false && (error_reporting() & $level) !== 0) {
        throw new \ErrorException($message);
    }
    return false;
});

$cases = json_decode((string) file_get_contents(__DIR__ . '/cases.json'), true);
$visitors = $cases['visitors'];
$site = new Site([
    'site' => (string) getenv('SITE'),
    'events' => $cases['events'],
    'origins' => $cases['origins'],
    'folder' => (string) getenv('KEY_FOLDER'),
    // Output and errors of the site's own code change no response.
    'log' => static function (): void {
        throw new \LogicException('a broken log');
    },
    'identify' => static function () use ($visitors): ?array {
        echo "\u{FEFF}<p>output";
        trigger_error('a notice');
        header('HTTP/1.1 418 Teapot');
        return $visitors[$_SERVER['HTTP_X_TEST_VISITOR'] ?? ''] ?? null;
    },
    'mayEnter' => static function (array $user): bool {
        return $user['name'] !== 'Barred';
    },
]);
if ($site->keys()->ring() === null) {
    $site->keys()->addByHand();
    $site->keys()->confirmByHand();
}
// Some plugins open a buffer that can't be removed.
ob_start(null, 0, PHP_OUTPUT_HANDLER_STDFLAGS ^ PHP_OUTPUT_HANDLER_REMOVABLE);
echo '<p>output';
$site->answer();
