// Made from the element's source: pnpm run metadata
import type { DetailedHTMLProps, HTMLAttributes } from 'react'
import type { ChatStateChangeEvent, ChatReadyEvent, ChatRefreshEvent, ChatErrorEvent, ChatSigninEvent, FetchToken, Identity, KinescopeChatElement } from 'kinescope-chat'

/** `<kinescope-chat>`: Kinescope's stream chat, with the visitor signed in by the page's own token endpoint. */
export interface KinescopeChatAttributes {
  /** The stream: a UUID, a public id, a number, or a pasted link to its chat. */
  'event-id'?: string | undefined
  /** The token endpoint, resolved against the page. */
  'token-url'?: string | undefined
  /** As in `fetch`: `include` (default), `same-origin` or `omit`. */
  'credentials'?: 'include' | 'same-origin' | 'omit' | undefined
  /** An identity token: a JWT from the page's own server that identifies the visitor. The property can also be a
function, called before each request. A different token with the same `sub` is used at the next request. */
  'identity'?: Identity | undefined
  /** An initial token, rendered by the page's server. It is used once if there is an endpoint. */
  'token'?: string | undefined
  /** `swap` (default): a new token takes effect before the old one expires. `hold`: at the next reload. */
  'refresh'?: 'swap' | 'hold' | undefined
  /** `lazy`: the element requests nothing until it comes near the viewport. */
  'loading'?: 'eager' | 'lazy' | undefined
  /** `en`, `ru` or an added language. By default the nearest `lang`, then the browser's languages, then `en`. */
  'language'?: string | undefined
  /** The frame's accessible name. */
  'label'?: string | undefined
  /** Shows a static placeholder and sends no request. */
  'preview'?: boolean | undefined
  /** Offers "Chat not working?" under the frame. */
  'help'?: boolean | undefined
  /** The address that the sign-in button opens. */
  'signin-url'?: string | undefined
  /** For unattended screens: does automatically what needs a visitor elsewhere, page reloads included. */
  'unattended'?: boolean | undefined
  /** Shows the developer's panel. */
  'debug'?: boolean | undefined
  /** The origin of the chat page, for staging and QA. An attribute may name listed origins only; code may name any. */
  'chat-origin'?: string | undefined
  /** Replaces the request to the token endpoint. */
  'fetchToken'?: FetchToken | undefined
  /** `state` has changed. */
  'onkinescope-chat-statechange'?: ((event: ChatStateChangeEvent) => void) | undefined
  /** The chat is on the page. */
  'onkinescope-chat-ready'?: ((event: ChatReadyEvent) => void) | undefined
  /** A new token is in effect or held. */
  'onkinescope-chat-refresh'?: ((event: ChatRefreshEvent) => void) | undefined
  /** There is a problem; fired once per problem. */
  'onkinescope-chat-error'?: ((event: ChatErrorEvent) => void) | undefined
  /** The visitor pressed "Sign in"; cancelable. */
  'onkinescope-chat-signin'?: ((event: ChatSigninEvent) => void) | undefined
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'kinescope-chat': DetailedHTMLProps<HTMLAttributes<KinescopeChatElement>, KinescopeChatElement> & KinescopeChatAttributes & { class?: string }
    }
  }
}
