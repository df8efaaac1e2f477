import type { VerifyFault } from '../token/verify-token.js'

/** What to do about a token that is refused, in the words of the article's troubleshooting. */
export const FAULT_REMEDIES: Readonly<Record<VerifyFault['code'], string>> = {
  'token-malformed':
    'Copy the whole token: three parts between dots. Claims are text, times are seconds, not milliseconds.',
  'claim-missing': 'aud, user_id, username, event_id and exp are required, and kid in the header.',
  'bad-algorithm': 'Sign with RS256 (RSA with SHA-256): other algorithms are not supported.',
  'bad-audience': 'aud must be "chat", strictly lowercase.',
  'wrong-event':
    'event_id must be the stream whose chat is opened: its last link part or its UUID, the same everywhere.',
  'token-expired':
    'Get a new token. If it was just made, synchronise the clock of the machine that made it (NTP).',
  'token-not-yet-valid':
    'Leave nbf out or date it back; synchronise the clock of the machine that made it (NTP).',
  'bad-signature':
    'It was signed with another private key than the one registered under its kid: check which key the server uses.',
  'key-not-registered':
    'The key named by its kid is not among these: `kinescope-chat-server keys list` shows which are, `keys register` registers one.',
  'key-expired':
    'Its key’s expires_at has passed: `kinescope-chat-server keys rotate` makes and registers a new one.',
}
