<?php

// Reads a JSON list from standard input and prints what the package makes of each value: php test/values.php KIND

namespace KinescopeChat\TokenServer;

require __DIR__ . '/../src/autoload.php';

$kinds = [
    'names' => [UserName::class, 'clean'],
    'userIds' => static function ($id): string {
        try {
            return Claims::userId($id) === null ? 'sign-in-required' : 'visitor';
        } catch (\UnexpectedValueException $error) {
            return 'identity-unavailable';
        }
    },
    'eventIds' => static function (string $id): string {
        $endpoint = new Endpoint(null, new SystemClock(), ['events' => [], 'identify' => 'is_null']);
        $headers = ['content-type' => 'application/json', 'sec-fetch-site' => 'same-origin'];
        $answer = $endpoint->answer('POST', $headers, static function () use ($id): string {
            return (string) json_encode(['event_id' => $id]);
        });
        return json_decode($answer['body'], true)['code'];
    },
    'siteOrigins' => [Origin::class, 'of'],
    'identityTokens' => static function (array $case): string {
        try {
            return IdentityToken::read($case['token'], $case['secret'], 'x', $case['now'])['id'] ?? 'sign-in-required';
        } catch (Refusal $refusal) {
            return $refusal->problem;
        } catch (\UnexpectedValueException $error) {
            return 'identity-unavailable';
        }
    },
];
$values = json_decode((string) stream_get_contents(STDIN), true);
echo json_encode(array_map($kinds[$argv[1]], $values), JSON_UNESCAPED_UNICODE);
