import { GeneralHtmlSupport, Plugin } from 'ckeditor5'

/** CKEditor 5. Naming the tag in `htmlSupport.allow` alone is not enough: the schema has to know it too. */
export class KinescopeChatTag extends Plugin {
  static requires = [GeneralHtmlSupport]

  init() {
    this.editor.plugins.get('DataSchema').registerBlockElement({
      view: 'kinescope-chat',
      model: 'kinescopeChat',
      isObject: true,
      modelSchema: { inheritAllFrom: '$blockObject' },
    })
    // not `attributes: true`: where tokens come from and go to is not for an author to say
    const attributes = ['event-id', 'language', 'label', 'loading', 'refresh', 'help', 'preview']
    this.editor.plugins
      .get('DataFilter')
      .loadAllowedConfig([{ name: 'kinescope-chat', attributes, classes: true, styles: true }])
  }
}
