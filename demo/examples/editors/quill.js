import Quill from 'quill'

const KEPT = ['event-id', 'language', 'label', 'help', 'class']
const BlockEmbed = Quill.import('blots/block/embed')

/** Quill 2: `Quill.register(KinescopeChatBlot)` before the editor is made. */
export class KinescopeChatBlot extends BlockEmbed {
  static blotName = 'kinescope-chat'
  static tagName = 'kinescope-chat'

  static create(attributes) {
    const node = super.create()
    for (const name of KEPT) if (attributes[name]) node.setAttribute(name, attributes[name])
    return node
  }

  static value(node) {
    return Object.fromEntries(KEPT.map((name) => [name, node.getAttribute(name)]))
  }
}
