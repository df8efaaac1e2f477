<?php
/**
 * Plugin Name: Kinescope Chat
 * Description: Kinescope's stream chat in posts and pages, with your visitors already signed in. Unofficial.
 * Version: 0.1.0
 * Requires at least: 5.7
 * Requires PHP: 7.4
 * License: MIT
 * Text Domain: kinescope-chat
 *
 * One file: put it into wp-content/plugins, activate it, and tell it where your token server is (Settings → Kinescope
 * Chat). An author of any role then writes [kinescope_chat event="ID"], or the chat's address on a line of its own.
 *
 * Where the site signs: wp-config.php may define KINESCOPE_CHAT_SECRET, which then is not kept in the database.
 */

namespace Kinescope_Chat;

defined('ABSPATH') || exit;

const OPTION = 'kinescope_chat';
/** The token server's CHAT_IDENTITY_AUDIENCE. */
const AUDIENCE = 'kinescope-chat';
/** HS256 needs a key at least as long as its hash (RFC 7518, section 3.2). Bytes. */
const MIN_SECRET = 32;
/** A visitor stays signed in to the chat for as long as the page may be open; a token is renewed with the same statement. */
const STATEMENT_SECONDS = 6 * HOUR_IN_SECONDS;
/** What an author may set: never where a visitor's statement goes to. */
const AUTHORS_ATTRIBUTES = ['event-id', 'language', 'label', 'loading', 'refresh', 'help', 'preview', 'lang', 'class', 'id', 'style', 'slot'];

/** @return array{server: string, secret: string} */
function settings(): array
{
    $stored = (array) get_option(OPTION, []);
    return [
        'server' => untrailingslashit((string) ($stored['server'] ?? '')),
        'secret' => defined('KINESCOPE_CHAT_SECRET') ? (string) \KINESCOPE_CHAT_SECRET : (string) ($stored['secret'] ?? ''),
    ];
}

/**
 * The signed statement of who is reading the page (a JWT, HS256), for one stream; null where nobody is signed in. It names
 * the visitor by a pseudonym: neither their number nor their e-mail address leaves the site.
 */
function statement(string $event): ?string
{
    $secret = settings()['secret'];
    $user = wp_get_current_user();
    if (!$user->exists() || strlen($secret) < MIN_SECRET) {
        return null;
    }
    $claims = [
        'iss' => home_url(),
        'aud' => AUDIENCE,
        'sub' => substr(hash_hmac('sha256', home_url() . '#' . $user->ID, $secret), 0, 32),
        'name' => wp_specialchars_decode($user->display_name, ENT_QUOTES), // kept as HTML
        'event_id' => $event,
        'iat' => time(),
        'exp' => time() + STATEMENT_SECONDS,
    ];
    $encode = static fn (string $bytes): string => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $signed = $encode(wp_json_encode(['alg' => 'HS256', 'typ' => 'JWT'])) . '.' . $encode(wp_json_encode($claims));
    return $signed . '.' . $encode(hash_hmac('sha256', $signed, $secret, true));
}

/** The stream's id out of what an author gave: the id, or an address of its chat. */
function event_id(string $given): string
{
    $given = trim($given);
    return preg_match('#^https?://kinescope\.io/(?:chat/)?([^/?\#]+)#i', $given, $found) ? rawurldecode($found[1]) : $given;
}

/** The element for one stream. @param array<string, string> $attributes what the author set */
function tag(string $event, array $attributes = []): string
{
    $event = event_id($event);
    $address = 'https://kinescope.io/chat/' . rawurlencode($event);
    $link = sprintf('<a slot="placeholder" href="%s">%s</a>', esc_url($address), esc_html__('Open the chat', 'kinescope-chat'));
    if ($event === '' || is_feed()) {
        return $event === '' ? '' : str_replace(' slot="placeholder"', '', $link);
    }
    $identity = statement($event);
    $all = ['event-id' => $event] + $attributes;
    if ($identity !== null) {
        $all['identity'] = $identity;
    } elseif (!is_user_logged_in()) {
        $all['signin-url'] = wp_login_url((string) get_permalink());
    }
    $text = '';
    foreach ($all as $name => $value) {
        $text .= sprintf(' %s="%s"', $name, esc_attr($value));
    }
    return "<kinescope-chat$text>$link</kinescope-chat>";
}

/** `[kinescope_chat event="ID" height="500" language="ru" label="Chat" help]`; the id may stand alone, too. */
add_shortcode('kinescope_chat', static function ($given): string {
    $given = (array) $given;
    $attributes = [];
    foreach (['language', 'label', 'loading', 'refresh'] as $name) {
        if (isset($given[$name])) {
            $attributes[$name] = (string) $given[$name];
        }
    }
    if (in_array('help', $given, true)) {
        $attributes['help'] = '';
    }
    if (absint($given['height'] ?? 0)) {
        $attributes['style'] = '--kinescope-chat-height:' . absint($given['height']) . 'px';
    }
    return tag((string) ($given['event'] ?? $given['event-id'] ?? $given[0] ?? ''), $attributes);
});

/** The chat's address on a line of its own. */
add_action('init', static function (): void {
    wp_embed_register_handler(
        'kinescope-chat',
        '#^https?://kinescope\.io/chat/([^/?\#]+)/?(?:[?\#].*)?$#i',
        static fn (array $found): string => tag(rawurldecode($found[1]))
    );
});

/** Lets authors of every role write the tag itself. The filter is asked for the post's own text only. */
add_filter('wp_kses_allowed_html', static function ($allowed, $context) {
    if ($context === 'post' && is_array($allowed)) {
        $allowed['kinescope-chat'] = array_fill_keys(AUTHORS_ATTRIBUTES, true);
        $allowed['a'] = ($allowed['a'] ?? []) + ['slot' => true];
    }
    return $allowed;
}, 10, 2);

/**
 * Signs for the tag, the div and the marked link that an author wrote by hand. One that names a token endpoint or a chat
 * page of its own gets nothing: the statement, or the token made for it, would go there.
 */
add_filter('the_content', static function (string $content): string {
    if (is_feed() || !str_contains_any($content, ['<kinescope-chat', 'data-kinescope-chat', '#kinescope-chat'])) {
        return $content;
    }
    $content = preg_replace_callback(
        '#<a\b[^>]*\bhref=(["\'])https://kinescope\.io/chat/([^/"\'?\#]+)\#kinescope-chat\1[^>]*>.*?</a>#is',
        static fn (array $found): string => tag(rawurldecode($found[2])),
        $content
    );
    return preg_replace_callback(
        '#<(kinescope-chat\b|div\b)((?:"[^"]*"|\'[^\']*\'|[^"\'>])*)>#i',
        static function (array $found): string {
            $attributes = wp_kses_hair($found[2], wp_allowed_protocols());
            $is_div = strtolower($found[1]) === 'div';
            $prefix = $is_div ? 'data-' : '';
            $event = $attributes[$is_div ? 'data-kinescope-chat' : 'event-id']['value'] ?? '';
            $own = array_intersect(["{$prefix}identity", "{$prefix}token-url", "{$prefix}chat-origin"], array_keys($attributes));
            $identity = $event === '' || $own ? null : statement(event_id(html_entity_decode($event, ENT_QUOTES)));
            return $identity === null ? $found[0] : substr($found[0], 0, strlen($found[1]) + 1) . " {$prefix}identity=\"$identity\"" . $found[2] . '>';
        },
        $content
    );
}, 20);

/** @param string[] $needles PHP 7.4 has no str_contains(). */
function str_contains_any(string $text, array $needles): bool
{
    foreach ($needles as $needle) {
        if (strpos($text, $needle) !== false) {
            return true;
        }
    }
    return false;
}

/** The script, once, in the header of every public page. No link is upgraded on the page: a commenter could write one. */
add_action('wp_head', static function (): void {
    $server = settings()['server'];
    if ($server === '') {
        return;
    }
    $attributes = [
        'type' => 'module',
        'src' => "$server/kinescope-chat.js",
        'data-token-url' => "$server/token",
        'data-upgrade' => ':not(*)',
    ];
    if (defined('KINESCOPE_CHAT_ORIGIN')) {
        $attributes['data-chat-origin'] = \KINESCOPE_CHAT_ORIGIN; // staging
    }
    wp_print_script_tag($attributes);
}, 5);

// ---- Settings ------------------------------------------------------------------------------------------------------

add_action('admin_init', static function (): void {
    register_setting(OPTION, OPTION, ['type' => 'array', 'sanitize_callback' => __NAMESPACE__ . '\\sanitize', 'show_in_rest' => false]);
    add_settings_section('main', '', '__return_null', OPTION);
    add_settings_field('server', __('Token server', 'kinescope-chat'), __NAMESPACE__ . '\\server_field', OPTION, 'main', ['label_for' => 'kinescope-chat-server']);
    add_settings_field('secret', __('Shared secret', 'kinescope-chat'), __NAMESPACE__ . '\\secret_field', OPTION, 'main', ['label_for' => 'kinescope-chat-secret']);
});

add_action('admin_menu', static function (): void {
    add_options_page(__('Kinescope Chat', 'kinescope-chat'), __('Kinescope Chat', 'kinescope-chat'), 'manage_options', OPTION, __NAMESPACE__ . '\\settings_page');
});

/** @param mixed $given what the form sent @return array<string, string> */
function sanitize($given): array
{
    $given = (array) $given;
    $stored = (array) get_option(OPTION, []);
    $server = esc_url_raw(trim((string) ($given['server'] ?? '')), ['https', 'http']);
    if ($server === '' && trim((string) ($given['server'] ?? '')) !== '') {
        add_settings_error(OPTION, 'server', __('The token server must be an address that begins with https://', 'kinescope-chat'));
        $server = (string) ($stored['server'] ?? '');
    }
    // an empty field keeps the secret, which the form never shows
    $secret = trim((string) ($given['secret'] ?? ''));
    if ($secret !== '' && strlen($secret) < MIN_SECRET) {
        add_settings_error(OPTION, 'secret', __('The shared secret must have 32 characters or more, the same as CHAT_IDENTITY_SECRET of the token server.', 'kinescope-chat'));
        $secret = '';
    }
    return ['server' => $server, 'secret' => $secret !== '' ? $secret : (string) ($stored['secret'] ?? '')];
}

function server_field(): void
{
    printf(
        '<input type="url" id="kinescope-chat-server" name="%s[server]" value="%s" class="regular-text" placeholder="https://chat.example.com"><p class="description">%s</p>',
        esc_attr(OPTION),
        esc_attr(settings()['server']),
        sprintf(
            /* translators: 1: setting's name, 2: this site's origin */
            esc_html__('On the token server, %1$s must hold %2$s.', 'kinescope-chat'),
            '<code>CHAT_ALLOWED_ORIGINS</code>',
            '<code>' . esc_html(untrailingslashit((string) preg_replace('#^(https?://[^/]+).*$#', '$1', home_url()))) . '</code>'
        )
    );
}

function secret_field(): void
{
    if (defined('KINESCOPE_CHAT_SECRET')) {
        echo '<code>KINESCOPE_CHAT_SECRET</code> ' . esc_html__('in wp-config.php', 'kinescope-chat');
        return;
    }
    printf(
        '<input type="password" id="kinescope-chat-secret" name="%s[secret]" value="" autocomplete="new-password" class="regular-text" placeholder="%s"><p class="description">%s</p>',
        esc_attr(OPTION),
        esc_attr(settings()['secret'] === '' ? '' : __('Kept; type a new one to change it', 'kinescope-chat')),
        sprintf(
            /* translators: %s: settings of the token server */
            esc_html__('The same as on the token server: %s', 'kinescope-chat'),
            '<code>CHAT_IDENTITY=jwt CHAT_IDENTITY_SECRET=… CHAT_IDENTITY_AUDIENCE=' . esc_html(AUDIENCE) . '</code>'
        )
    );
}

function settings_page(): void
{
    echo '<div class="wrap"><h1>' . esc_html(get_admin_page_title()) . '</h1><form action="options.php" method="post">';
    settings_fields(OPTION);
    do_settings_sections(OPTION);
    submit_button();
    echo '</form></div>';
}

/** Leaves nothing behind. */
function uninstall(): void
{
    $sites = is_multisite() ? get_sites(['fields' => 'ids', 'number' => 0]) : [0];
    foreach ($sites as $site) {
        if ($site) {
            switch_to_blog($site);
        }
        delete_option(OPTION);
        if ($site) {
            restore_current_blog();
        }
    }
}
register_uninstall_hook(__FILE__, __NAMESPACE__ . '\\uninstall');
