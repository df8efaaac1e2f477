/** The block in the editor: a field for the stream's id or link, a static preview, and settings in the sidebar. */
;(({ blocks, blockEditor, components, element, i18n }) => {
  const { createElement: el, Fragment, useState } = element
  const { __ } = i18n
  /** The block's name. It contains the plugin's former name, because saved posts have this name. */
  const NAME = 'stream-chat-for-kinescope/chat'

  /** Reads the stream's id from a pasted id, or link to the stream or its chat. The site validates the id again. */
  const readEvent = (text) => {
    const trimmed = text.trim().replace(/^[\s"'“”„«»‘’]+|[\s"'“”„«»‘’]+$/g, '')
    const [, id] = /^https?:\/\/kinescope\.io\/(?:chat\/)?([^/?#\s]+)/i.exec(trimmed) ?? []
    if (!id) return trimmed
    try {
      return decodeURIComponent(id)
    } catch {
      return id
    }
  }

  const eventOfChatLink = (text) =>
    /^\s*https:\/\/kinescope\.io\/chat\/[^/?#\s]+\/?(?:[?#]\S*)?\s*$/i.test(text) ? readEvent(text) : null

  /** A static preview of the published chat. The editor sends no request. */
  const picture = (event) =>
    el(
      'div',
      { className: 'live-chat-for-kinescope-streams-still' },
      el('strong', null, __('Stream chat', 'live-chat-for-kinescope-streams')),
      el('code', { dir: 'ltr' }, event),
      el('span', null, __('The chat appears on the published page.', 'live-chat-for-kinescope-streams')),
    )

  function EventForm({ event, onChange }) {
    const [text, setText] = useState(event)
    const submit = (submitted) => {
      submitted.preventDefault()
      onChange(readEvent(text))
    }
    return el(
      components.Placeholder,
      {
        icon: 'format-chat',
        label: __('Stream chat', 'live-chat-for-kinescope-streams'),
        instructions: __(
          'Paste the id of the stream, or a link to it or to its chat.',
          'live-chat-for-kinescope-streams',
        ),
      },
      el(
        'form',
        { onSubmit: submit, className: 'live-chat-for-kinescope-streams-form' },
        el(components.TextControl, {
          label: __('Stream', 'live-chat-for-kinescope-streams'),
          value: text,
          placeholder: 'https://kinescope.io/chat/…',
          onChange: setText,
          __nextHasNoMarginBottom: true,
          __next40pxDefaultSize: true,
        }),
        el(
          components.Button,
          { variant: 'primary', type: 'submit', disabled: !text.trim() },
          __('Show the chat', 'live-chat-for-kinescope-streams'),
        ),
      ),
    )
  }

  function settings({ attributes, setAttributes }) {
    const set = (name) => (value) => setAttributes({ [name]: value })
    const common = { __nextHasNoMarginBottom: true, __next40pxDefaultSize: true }
    const { SelectControl, TextControl, ToggleControl, PanelBody } = components
    return el(
      blockEditor.InspectorControls,
      null,
      el(
        PanelBody,
        { title: __('Chat', 'live-chat-for-kinescope-streams') },
        el(TextControl, {
          ...common,
          label: __('Stream', 'live-chat-for-kinescope-streams'),
          help: __('Its id, or a link to it or to its chat.', 'live-chat-for-kinescope-streams'),
          value: attributes.event,
          onChange: (text) => setAttributes({ event: readEvent(text) }),
        }),
        el(TextControl, {
          ...common,
          label: __('Height', 'live-chat-for-kinescope-streams'),
          help: __('500, 70vh, 100%. Empty: 600 pixels.', 'live-chat-for-kinescope-streams'),
          value: attributes.height,
          onChange: set('height'),
        }),
        el(SelectControl, {
          ...common,
          label: __('Language', 'live-chat-for-kinescope-streams'),
          value: attributes.language,
          options: [
            { value: '', label: __('As on the page', 'live-chat-for-kinescope-streams') },
            { value: 'en', label: 'English' },
            { value: 'ru', label: 'Русский' },
          ],
          onChange: set('language'),
        }),
        el(TextControl, {
          ...common,
          label: __('Name', 'live-chat-for-kinescope-streams'),
          help: __(
            'For screen readers: tells two chats on one page apart.',
            'live-chat-for-kinescope-streams',
          ),
          value: attributes.label,
          onChange: set('label'),
        }),
        el(ToggleControl, {
          __nextHasNoMarginBottom: true,
          label: __('Load when it comes into view', 'live-chat-for-kinescope-streams'),
          checked: attributes.loading === 'lazy',
          onChange: (on) => setAttributes({ loading: on ? 'lazy' : 'eager' }),
        }),
        el(ToggleControl, {
          __nextHasNoMarginBottom: true,
          label: __('Never reload the chat automatically', 'live-chat-for-kinescope-streams'),
          help: __(
            'A fresh token is then used at the next reload or reconnect.',
            'live-chat-for-kinescope-streams',
          ),
          checked: attributes.refresh === 'hold',
          onChange: (on) => setAttributes({ refresh: on ? 'hold' : 'swap' }),
        }),
        el(ToggleControl, {
          __nextHasNoMarginBottom: true,
          label: __('Offer help under the chat', 'live-chat-for-kinescope-streams'),
          checked: attributes.help,
          onChange: set('help'),
        }),
      ),
    )
  }

  function Edit(props) {
    const { attributes, setAttributes } = props
    const blockProps = blockEditor.useBlockProps()
    return el(
      Fragment,
      null,
      settings(props),
      el(
        'div',
        blockProps,
        attributes.event
          ? picture(attributes.event)
          : el(EventForm, { event: '', onChange: (event) => setAttributes({ event }) }),
      ),
    )
  }

  const make = (attributes) => blocks.createBlock(NAME, attributes)

  /** Reads one setting of a shortcode. The site accepts more notations. */
  const named =
    (name) =>
    ({ named: given }) =>
      given[name]

  blocks.registerBlockType(NAME, {
    edit: Edit,
    save: () => null,
    transforms: {
      from: [
        {
          type: 'raw',
          priority: 5, // before the editor's own transform, which turns any address into an embed
          isMatch: (node) => node.nodeName === 'P' && eventOfChatLink(node.textContent) !== null,
          transform: (node) => make({ event: eventOfChatLink(node.textContent) }),
        },
        {
          type: 'block',
          blocks: ['core/embed'],
          isMatch: ({ url }) => eventOfChatLink(url ?? '') !== null,
          transform: ({ url }) => make({ event: eventOfChatLink(url) }),
        },
        {
          type: 'block',
          blocks: ['core/paragraph'],
          isMatch: ({ content }) => eventOfChatLink(String(content ?? '').replace(/<[^>]*>/g, '')) !== null,
          transform: ({ content }) =>
            make({ event: eventOfChatLink(String(content).replace(/<[^>]*>/g, '')) }),
        },
        {
          type: 'shortcode',
          tag: 'kinescope_chat',
          attributes: {
            event: {
              type: 'string',
              shortcode: ({ named: given, numeric }) =>
                readEvent(given.event ?? given['event-id'] ?? numeric.find((word) => word !== 'help') ?? ''),
            },
            height: { type: 'string', shortcode: named('height') },
            label: { type: 'string', shortcode: named('label') },
            language: { type: 'string', shortcode: named('language') },
            loading: { type: 'string', shortcode: named('loading') },
            refresh: { type: 'string', shortcode: named('refresh') },
            help: {
              type: 'boolean',
              shortcode: ({ named: given, numeric }) =>
                numeric.includes('help') || ('help' in given && given.help !== 'false'),
            },
          },
        },
      ],
    },
  })
})(window.wp)
