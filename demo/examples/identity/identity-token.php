<?php
/** Who the visitor is, signed for the token server (HS256, RFC 7519). For the attribute `identity` of <kinescope-chat>. */
function chat_identity(string $id, string $name, string $event, string $secret, int $hours = 6): string
{
    $encode = fn ($part) => rtrim(strtr(base64_encode(is_string($part) ? $part : json_encode($part, JSON_UNESCAPED_UNICODE)), '+/', '-_'), '=');
    $claims = ['sub' => $id, 'name' => $name, 'event_id' => $event, 'aud' => 'kinescope-chat', 'iat' => time(), 'exp' => time() + $hours * 3600];
    $signed = $encode(['alg' => 'HS256', 'typ' => 'JWT']) . '.' . $encode($claims);
    return $signed . '.' . $encode(hash_hmac('sha256', $signed, $secret, true));
}
