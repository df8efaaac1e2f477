import { Node } from '@tiptap/core'

/** TipTap 2 and 3. */
export const KinescopeChatNode = Node.create({
  name: 'kinescopeChat',
  group: 'block',
  atom: true,
  addAttributes: () => ({ 'event-id': {}, language: {}, label: {}, help: {}, class: {} }),
  parseHTML: () => [{ tag: 'kinescope-chat' }],
  renderHTML: ({ HTMLAttributes }) => ['kinescope-chat', HTMLAttributes],
})
