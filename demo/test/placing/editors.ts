/** An editor or a sanitizer. Its page defines `roundTrip(html)`, which takes content and returns the saved content. */
export interface Editor {
  name: string
  /** Whether the editor removes the tag without configuration. */
  dropsTag: boolean
  /** Whether the editor shows the element itself during editing, not a text or nothing. */
  canvas: boolean
  /** The page. `snippet` adds our configuration, and the element's script on the editor's page. */
  page(snippet: boolean): string
}

const page = (head: string, script: string) => `<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Editor</title>${head}</head><body><div id="editor"></div><script type="module">${script}</script></body></html>`

const example = (name: string, file: string, snippet: boolean) =>
  snippet ? `import { ${name} } from '/examples/editors/${file}.js'` : ''

const importMap = (imports: Record<string, string>) =>
  `<script type="importmap">${JSON.stringify({ imports })}</script>`

export const EDITORS: Editor[] = [
  {
    name: 'TinyMCE',
    canvas: true,
    dropsTag: true,
    page: (snippet) =>
      page(
        '<script src="/lib/tinymce/tinymce.min.js"></script>',
        `${example('tinymceSettings', 'tinymce', snippet)}
        const [editor] = await tinymce.init({ selector: '#editor', license_key: 'gpl', promotion: false, ${snippet ? 'inline: true, ...tinymceSettings' : ''} })
        window.roundTrip = (html) => (editor.setContent(html), editor.getContent())`,
      ),
  },
  {
    name: 'CKEditor 5',
    canvas: true,
    dropsTag: true,
    page: (snippet) =>
      page(
        importMap({ ckeditor5: '/lib/ckeditor5/dist/browser/ckeditor5.js' }),
        `import { ClassicEditor, Essentials, Paragraph, Link } from 'ckeditor5'
        ${example('KinescopeChatTag', 'ckeditor5', snippet)}
        const editor = await ClassicEditor.create(document.querySelector('#editor'), { licenseKey: 'GPL', plugins: [Essentials, Paragraph, Link, ${snippet ? 'KinescopeChatTag' : ''}] })
        window.roundTrip = (html) => (editor.setData(html), editor.getData())`,
      ),
  },
  {
    name: 'TipTap',
    canvas: true,
    dropsTag: true,
    page: (snippet) =>
      page(
        '<script src="/tiptap.js"></script>',
        `const { Editor, StarterKit, KinescopeChatNode } = Bundle
        const editor = new Editor({ element: document.querySelector('#editor'), extensions: [StarterKit, ${snippet ? 'KinescopeChatNode' : ''}] })
        window.roundTrip = (html) => (editor.commands.setContent(html), editor.getHTML())`,
      ),
  },
  {
    name: 'GrapesJS',
    canvas: true,
    dropsTag: false,
    page: (snippet) =>
      page(
        '<script src="/lib/grapesjs/dist/grapes.min.js"></script>',
        `${example('kinescopeChatBlock', 'grapesjs', snippet)}
        const editor = grapesjs.init({ container: '#editor', storageManager: false, cssIcons: '', plugins: [${snippet ? 'kinescopeChatBlock' : ''}] })
        await new Promise((resolve) => editor.onReady(resolve))
        window.roundTrip = (html) => (editor.setComponents(html), editor.getHtml())`,
      ),
  },
  {
    name: 'Quill',
    canvas: true,
    dropsTag: true,
    page: (snippet) =>
      page(
        // the classic file, under the module name for bundlers
        importMap({ quill: 'data:text/javascript,export default window.Quill' }) +
          '<script src="/lib/quill/dist/quill.js"></script>',
        `${example('KinescopeChatBlot', 'quill', snippet)}
        ${snippet ? 'Quill.register(KinescopeChatBlot)' : ''}
        const editor = new Quill('#editor')
        window.roundTrip = (html) => (editor.clipboard.dangerouslyPasteHTML(html), editor.getSemanticHTML())`,
      ),
  },
  {
    name: 'DOMPurify',
    canvas: false,
    dropsTag: true,
    page: (snippet) =>
      page(
        '<script src="/lib/dompurify/dist/purify.min.js"></script>',
        `${example('domPurifySettings', 'dompurify', snippet)}
        window.roundTrip = (html) => DOMPurify.sanitize(html, ${snippet ? 'domPurifySettings' : '{}'})`,
      ),
  },
  {
    name: 'the browser’s own sanitizer',
    canvas: false,
    dropsTag: true,
    page: (snippet) =>
      page(
        '',
        `${example('chatSanitizer', 'sanitizer-api', snippet)}
        window.roundTrip = (html) => {
          const place = document.createElement('div')
          place.setHTML(html${snippet ? ', { sanitizer: chatSanitizer() }' : ''})
          return place.innerHTML
        }`,
      ),
  },
]
