/** GrapesJS keeps the tag by itself; this plugin adds the fields that an author fills in. */
export function kinescopeChatBlock(editor) {
  editor.Components.addType('kinescope-chat', {
    isComponent: (element) => element.tagName === 'KINESCOPE-CHAT',
    model: {
      defaults: {
        tagName: 'kinescope-chat',
        droppable: false,
        traits: ['event-id', 'language', 'label', 'help'],
      },
    },
  })
  editor.Blocks.add('kinescope-chat', { label: 'Stream chat', content: { type: 'kinescope-chat' } })
}
