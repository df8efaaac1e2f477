<?php

// The token endpoint of a PHP site. Copy this file to your site, and edit the lines below. See docs/php.md.

use KinescopeChat\TokenServer\Console;
use KinescopeChat\TokenServer\Site;

require __DIR__ . '/vendor/autoload.php'; // Without Composer: require __DIR__ . '/kinescope-chat/src/autoload.php';

$site = new Site([
    // The address of your site.
    'site' => 'https://www.example.com',
    // The ids of your streams, as in their links.
    'events' => ['0csUJYzAHfe3PcyMEVScmQ'],
    // A folder for keys, outside the web root.
    'folder' => dirname(__DIR__) . '/kinescope-chat-keys',
    // Return the visitor's id and name, or null if no visitor is signed in.
    'identify' => static function (): ?array {
        // A visitor without a session isn't signed in, and gets no new session.
        if (!isset($_COOKIE[session_name()]) || !session_start(['read_and_close' => true]) || empty($_SESSION['user_id'])) {
            return null;
        }
        return ['id' => (string) $_SESSION['user_id'], 'name' => (string) $_SESSION['user_name']];
    },
]);

if (PHP_SAPI === 'cli') {
    exit(Console::run($site, array_slice($argv, 1)));
}
$site->answer();
