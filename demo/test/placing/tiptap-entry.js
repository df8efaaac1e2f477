export { Editor } from '@tiptap/core'
export { default as StarterKit } from '@tiptap/starter-kit'
export { KinescopeChatNode } from '../../examples/editors/tiptap.js'
