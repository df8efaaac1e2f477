import 'kinescope-chat/define'

/**
 * Vue 3. In a project with a build step the tag is made known there:
 * `vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === 'kinescope-chat' } } })`.
 */
export const Chat = {
  props: { eventId: String, fetchToken: Function },
  emits: ['ready', 'problem'],
  template: `
    <kinescope-chat
      :event-id="eventId"
      token-url="/token"
      :fetchToken.prop="fetchToken"
      @kinescope-chat-ready="$emit('ready')"
      @kinescope-chat-error="$emit('problem', $event.problem)"
    ></kinescope-chat>`,
}

/** Without a build step: `install(createApp(…))`. */
export function install(app) {
  app.config.compilerOptions.isCustomElement = (tag) => tag === 'kinescope-chat'
  return app
}
