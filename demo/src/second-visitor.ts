import { find, make } from './make.js'
import type { PageFacts } from './page-facts.js'
import type { Site } from './run-scenario.js'
import { say } from './words.js'

const NAMES = ['Ann', 'Ben'] as const

/** A second chat beside the first, as another visitor: this site's own proxy brings that one's cookie to the server. */
export function startSecondVisitor(facts: PageFacts, site: Site): void {
  const button = find('two-visitors')
  button.addEventListener('click', () => {
    button.setAttribute('disabled', '')
    void show().finally(() => button.removeAttribute('disabled'))
  })

  async function show(): Promise<void> {
    const [mine, others] = NAMES
    if ((await site.whoAmI()) === null) find<HTMLInputElement>('name').value = mine
    if (find<HTMLInputElement>('name').value && !find('sign-in').hidden)
      find<HTMLFormElement>('sign-in').requestSubmit()
    await site.bringSecond(others)
    if (document.getElementById('second')) return
    const chat = make('kinescope-chat', {
      id: 'second',
      'event-id': facts.events['live']?.publicId ?? '',
      'chat-origin': facts.chatOrigin,
      'token-url': '/second-visitor/token',
      label: `${say('chatOf')} ${others}`,
    })
    find('chats').append(chat)
    document.body.classList.add('two')
  }
}
