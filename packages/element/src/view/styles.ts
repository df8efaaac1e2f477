import { css } from 'lit'
import { ofDocument, tryOrUndefined } from '../platform.js'

/**
 * The frame gets no color scheme: Chromium tells the page's to some cross-site frames only, so a swap could turn a light chat
 * dark. System colors follow the page's `color-scheme` and forced colors. Newer features come second, after a fallback.
 *
 * The host is a flex column with one item that scrolls. With a height the chat shrinks to it and the rest scrolls inside;
 * without one the chat has its default height and the rest adds to it. `contain: size` keeps the content from resizing the
 * page in any state, also in a float or a table cell. Inherited text styles that would break a panel end at the box. A drawer
 * opens as a layer over its neighbors and moves nothing.
 */
export const styles = css`
  :host {
    --accent: var(--kinescope-chat-accent, LinkText);
    --on-accent: var(--kinescope-chat-on-accent, Canvas);
    --background: var(--kinescope-chat-background, Canvas);
    --line: var(--kinescope-chat-line, #8886);
    --mark: var(--kinescope-chat-mark, GrayText);
    min-width: min(280px, 100vw);
    min-height: 0;
    overflow: auto;
    font: var(--kinescope-chat-font, 16px/1.4 system-ui, sans-serif);
    color: var(--kinescope-chat-color, CanvasText);
    text-align: start;
  }
  @supports (color: light-dark(#000, #fff)) {
    :host {
      --accent: var(--kinescope-chat-accent, light-dark(#4646d8, #a9adff));
      --on-accent: var(--kinescope-chat-on-accent, light-dark(#fff, #000));
      --mark: var(--kinescope-chat-mark, light-dark(#b3261e, #ff9a90));
    }
  }
  :host,
  .all * {
    box-sizing: border-box;
  }
  :host,
  .all,
  .box,
  .panel,
  .body {
    display: flex;
    flex-direction: column;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  .all {
    flex: 1 1 auto;
    position: relative;
    width: 100%;
    height: 100%;
    min-height: 0;
    overflow: auto;
    writing-mode: horizontal-tb;
  }
  .box,
  .debug {
    overflow-wrap: anywhere;
    white-space: normal;
    text-indent: 0;
  }
  .box {
    flex: 1 1 var(--kinescope-chat-height, 600px);
    contain: size;
    container-type: size;
    contain-intrinsic-block-size: 600px;
    min-height: min(100%, 400px);
    overflow: auto;
    background: var(--background);
    border: 1px solid var(--line);
    border-radius: var(--kinescope-chat-radius, 12px);
  }
  .view {
    container-type: size;
    flex: 1 0 128px;
    position: relative;
  }
  .stage,
  .panel,
  iframe {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    border: 0;
  }
  iframe {
    color-scheme: normal;
  }
  .panel {
    background: var(--background);
  }
  .body {
    flex: 1 1 0;
    min-height: 0;
    align-items: center;
    gap: 12px;
    padding: 16px;
    overflow: auto;
    text-align: center;
  }
  .body::before,
  .body::after {
    content: '';
    margin-block: auto;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: 8px 12px;
  }
  .banner {
    display: flex;
    flex: none;
    align-items: center;
    gap: 6px;
    position: relative;
    z-index: 1;
    min-height: 48px;
    padding-block: 6px;
    padding-inline: 12px 4px;
    font-size: 0.875em;
    line-height: 1.25;
    border-block-end: 1px solid var(--line);
  }
  .banner > p {
    flex: 1 1 0;
    display: -webkit-box;
    max-width: none;
    max-height: 2.5em;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
    text-wrap: wrap;
  }
  .banner > .button {
    flex: none;
    min-height: 36px;
    padding: 4px 10px;
  }
  .banner .icon,
  .drawer .icon {
    width: 20px;
    height: 20px;
  }
  @container (width < 480px) {
    .banner > .icon {
      display: none;
    }
  }
  .status,
  .banner summary > span {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .rest {
    flex: none;
  }

  .drawer {
    flex: none;
    position: relative;
    font-size: 0.875em;
    text-align: start;
    background: var(--background);
  }
  .drawer > summary {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 40px;
    padding: 4px 12px;
    cursor: pointer;
    border-block-start: 1px solid var(--line);
  }
  .sheet {
    position: absolute;
    z-index: 2;
    inset-inline: 0;
    inset-block-end: 100%;
    max-height: calc(100cqh - 42px);
    padding: 12px;
    overflow: auto;
    background: var(--background);
    border-block-start: 1px solid var(--line);
  }
  .help > .row {
    justify-content: start;
  }
  .banner > .drawer {
    position: static;
    font-size: 1em;
  }
  .banner summary {
    justify-content: center;
    min-width: 40px;
    min-height: 36px;
    padding: 0;
    border: 0;
    list-style: none;
  }
  .banner .sheet {
    inset-block: 100% auto;
    max-height: calc(100cqh - 58px);
    border-block: 1px solid var(--line);
  }
  .facts {
    display: grid;
    grid-template-columns: fit-content(38%) minmax(0, 1fr);
    gap: 4px 12px;
    margin-block: 0 12px;
  }
  .sheet > p {
    max-width: none;
    margin-block-end: 12px;
  }
  @container (width < 360px) {
    .facts {
      grid-template-columns: minmax(0, 1fr);
    }
    dd {
      margin-block-end: 4px;
    }
  }
  .facts > dd {
    overflow-wrap: break-word;
  }
  dt {
    opacity: 0.8;
  }

  h2,
  p,
  dl,
  dd,
  ol {
    margin: 0;
  }
  h2,
  p {
    max-width: 40ch;
    text-wrap: balance;
  }
  h2,
  p,
  dt,
  span,
  label,
  summary,
  .button {
    unicode-bidi: plaintext;
  }
  h2 {
    font-size: 1.15em;
    line-height: 1.3;
  }
  a {
    color: var(--accent);
  }
  .icon {
    flex: none;
    width: 32px;
    height: 32px;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.75;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .body > .icon {
    color: var(--accent);
  }
  .button,
  input {
    min-width: 40px;
    min-height: 40px;
    padding: 8px 16px;
    font: inherit;
    border-radius: 8px;
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    font-weight: 600;
    color: var(--accent);
    background: none;
    border: 1px solid;
    text-decoration: none;
    cursor: pointer;
  }
  .button.main {
    flex: none;
    color: var(--on-accent);
    background: var(--accent);
    border-color: var(--accent);
  }
  .button:hover {
    text-decoration: underline;
  }
  .button[aria-disabled='true'] {
    cursor: default;
    text-decoration: none;
    opacity: 0.75;
  }
  .countdown {
    white-space: pre;
    font-variant-numeric: tabular-nums;
  }
  :where(.button, summary, input, textarea, a):focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  summary:focus-visible {
    outline-offset: -3px;
  }
  input {
    color: inherit;
    background: none;
    border: 1px solid GrayText;
  }
  .wrong {
    color: var(--mark);
  }
  .name > p {
    flex-basis: 100%;
  }
  .bars {
    width: min(100%, 320px);
    height: 180px;
    flex: 0 1 auto;
    min-height: 36px;
    outline: 1px solid transparent;
    background: repeating-linear-gradient(#8886 0 14px, transparent 0 36px);
  }
  @keyframes pulse {
    to {
      opacity: 0.4;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    .bars {
      animation: pulse 1.6s ease-in-out infinite alternate;
    }
  }
  textarea {
    width: 100%;
    height: 120px;
    margin-block-start: 8px;
    -webkit-user-select: text;
    user-select: text;
    font:
      12px/1.4 ui-monospace,
      monospace;
  }

  .debug {
    flex: none;
    container-type: inline-size;
    margin-block-start: 8px;
    padding: 12px;
    font-size: 0.875em;
    background: var(--background);
    border: 1px solid var(--line);
    border-radius: var(--kinescope-chat-radius, 12px);
  }
  .debug h2 {
    margin-block-end: 4px;
    font-size: 1em;
  }
  bdi,
  .steps {
    font-family: ui-monospace, monospace;
    font-size: 0.92em;
  }
  bdi.wrong {
    font-weight: 700;
    text-decoration: underline wavy;
  }
  .life {
    display: block;
    width: 100%;
    height: 12px;
    border: 1px solid var(--line);
    border-radius: 4px;
  }
  .spent {
    fill: GrayText;
  }
  .next {
    fill: currentColor;
  }
  .steps {
    display: grid;
    gap: 2px;
    max-height: 200px;
    padding: 0;
    overflow: auto;
    list-style: none;
  }
`

/** A style sheet belongs to the document that it was made in. */
const sheets = new WeakMap<Document, CSSStyleSheet>()

/**
 * Adopts the styles in a shadow root, in the page or in a window that the chat moved to. A page's policy may forbid style
 * elements, so a sheet comes first.
 */
export function adoptStyles(root: ShadowRoot): void {
  const { ownerDocument: page } = root
  const adopted = tryOrUndefined(() => {
    if (!('adoptedStyleSheets' in root)) return false
    let sheet = sheets.get(page)
    if (!sheet) {
      sheet = new (ofDocument('defaultView', page) as Window & typeof globalThis).CSSStyleSheet()
      sheet.replaceSync(styles.cssText)
      sheets.set(page, sheet)
    }
    root.adoptedStyleSheets = [sheet]
    return true
  })
  root.querySelector('style')?.remove()
  if (adopted) return
  const style = ofDocument('createElement', page)('style')
  style.textContent = styles.cssText
  root.prepend(style)
}
