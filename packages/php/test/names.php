<?php

// Reads a JSON list of names from standard input and prints the names as the chat may show them.

require __DIR__ . '/../src/autoload.php';

$names = json_decode((string) stream_get_contents(STDIN), true);
echo json_encode(array_map(['KinescopeChat\TokenServer\UserName', 'clean'], $names), JSON_UNESCAPED_UNICODE);
