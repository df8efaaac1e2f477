import { contract, type Contestant } from '../php/contract.js'
import { publicKeys } from '../php/php-server.js'
import type { WordPress } from './wordpress-site.js'

const SET_UP = `
update_option('live_chat_for_kinescope_streams_list', array_merge(get_option('live_chat_for_kinescope_streams_list', []), array_map(function ($id) { return ['id' => '', 'public_id' => $id, 'name' => '']; }, json_decode($argv[1], true))));
file_put_contents(WPMU_PLUGIN_DIR . '/barred.php', '<?php add_filter("live_chat_for_kinescope_streams_may_enter", function ($may, $user) { return $may && $user->user_login !== "barred"; }, 10, 2);');
// what another plugin prints is no part of a response
file_put_contents(WPMU_PLUGIN_DIR . '/noisy.php', '<?php foreach (["live_chat_for_kinescope_streams_user", "shutdown"] as $hook) add_filter($hook, function ($value = null) { if (strpos($_SERVER["REQUEST_URI"] ?? "", "kinescope-chat") !== false) echo "<p>noise"; return $value; });');
foreach (json_decode($argv[2], true) as $login => $visitor)
  if (!get_user_by('login', $login)) wp_insert_user(['user_login' => $login, 'user_pass' => wp_generate_password(), 'user_email' => "$login@example.com", 'display_name' => $visitor['name']]);`

const SIGN_IN = `$user = get_user_by('login', $argv[1])->ID; $end = time() + 9999; $token = WP_Session_Tokens::get_instance($user)->create($end);
echo LOGGED_IN_COOKIE . '=' . urlencode(wp_generate_auth_cookie($user, $end, 'logged_in', $token));`

/** The stored key ring. */
export const ringOf = (wordpress: WordPress): Promise<string> =>
  wordpress.php(`echo (new Live_Chat_For_Kinescope_Streams\\Option_Store())->read('ring');`)

/** A connected site with the streams and visitors of the contract's table. */
export async function contestant(wordpress: WordPress, url: string, path: string): Promise<Contestant> {
  await wordpress.php(SET_UP, JSON.stringify(contract.events), JSON.stringify(contract.visitors))
  const cookies: Record<string, string> = {}
  for (const login of Object.keys(contract.visitors)) cookies[login] = await wordpress.php(SIGN_IN, login)
  const text = await ringOf(wordpress)
  return {
    url: url + path,
    ownOrigin: url,
    keys: () => publicKeys(text),
    visitorHeaders: (visitor) => ({ cookie: cookies[visitor]! }),
  }
}
