import { css } from 'lit'

/**
 * One sheet for every element. Chromium tells the page's colour scheme to some frames of another site and not to others, so
 * none is told: no swap may turn a light chat dark. System colours follow the page's `color-scheme`, and forced colours by
 * themselves; what is newer than the oldest browsers comes second, behind what they know.
 *
 * The box: the host is a flex column of one item that scrolls. With a height (its own, a cell's, a percentage) the chat
 * shrinks to it, and what else there is scrolls inside; without one the chat is as high as wished, and the rest adds to it.
 */
export const styles = css`
  :host {
    --accent: var(--kinescope-chat-accent, LinkText);
    --on-accent: var(--kinescope-chat-on-accent, Canvas);
    --background: var(--kinescope-chat-background, Canvas);
    --line: var(--kinescope-chat-line, #8886);
    --mark: var(--kinescope-chat-mark, GrayText);
    display: flex;
    flex-direction: column;
    box-sizing: border-box;
    min-width: min(280px, 100vw);
    min-height: 0;
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
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  .all {
    display: flex;
    flex-direction: column;
    flex: 1 1 auto;
    position: relative;
    height: 100%;
    min-height: 0;
    overflow: auto;
  }
  .box {
    display: flex;
    flex-direction: column;
    flex: 1 1 var(--kinescope-chat-height, 600px);
    box-sizing: border-box;
    min-height: min(100%, 400px);
    overflow: auto;
    background: var(--background);
    border: 1px solid var(--line);
    border-radius: var(--kinescope-chat-radius, 12px);
  }
  .view {
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
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 12px;
    box-sizing: border-box;
    padding: 16px;
    overflow: auto;
    text-align: center;
    background: var(--background);
  }
  .panel::before,
  .panel::after {
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
  .line {
    flex: none;
    padding: 8px 12px;
    border-block: 0 solid var(--line);
  }
  .banner {
    border-block-end-width: 1px;
  }
  .banner p {
    text-wrap: wrap;
  }
  .help {
    border-block-start-width: 1px;
    padding-block: 0;
  }
  .help .row {
    justify-content: start;
    padding-block-end: 12px;
  }
  h2,
  h3,
  p,
  dl,
  dd,
  ol {
    margin: 0;
  }
  h2,
  p {
    max-width: 40ch;
    overflow-wrap: anywhere;
    text-wrap: balance;
    unicode-bidi: plaintext;
  }
  h2 {
    font-size: 1.15em;
    line-height: 1.3;
  }
  h3 {
    font-size: 1em;
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    box-sizing: border-box;
    min-width: 40px;
    min-height: 40px;
    padding: 8px 16px;
    font: inherit;
    font-weight: 600;
    color: var(--accent);
    background: none;
    border: 1px solid;
    border-radius: 8px;
    text-decoration: none;
    cursor: pointer;
  }
  .button.main {
    color: var(--on-accent);
    background: var(--accent);
    border-color: var(--accent);
  }
  .button:hover {
    text-decoration: underline;
  }
  summary {
    min-height: 24px;
    padding-block: 8px;
    cursor: pointer;
  }
  .button:focus-visible,
  summary:focus-visible,
  textarea:focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  summary:focus-visible {
    outline-offset: -3px;
  }
  .bars {
    width: min(100%, 320px);
    height: 180px;
    flex: 0 1 auto;
    min-height: 36px;
    outline: 1px solid transparent;
    background: repeating-linear-gradient(#8886 0 14px, transparent 0 36px);
    animation: pulse 1.6s ease-in-out infinite alternate;
  }
  @keyframes pulse {
    to {
      opacity: 0.4;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .bars {
      animation: none;
    }
  }
  .site {
    max-width: min(100%, 56ch);
    font-size: 0.875em;
    text-align: start;
  }
  .banner .site[open] {
    flex-basis: 100%;
    max-width: none;
  }
  .site[open],
  .debug {
    overflow-wrap: anywhere;
  }
  .facts {
    display: grid;
    grid-template-columns: fit-content(38%) minmax(0, 1fr);
    gap: 4px 12px;
    margin-block: 4px 12px;
  }
  dt {
    opacity: 0.8;
  }
  textarea {
    box-sizing: border-box;
    width: 100%;
    height: 120px;
    margin-block-start: 8px;
    font:
      12px/1.4 ui-monospace,
      monospace;
  }
  .status {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .debug {
    flex: none;
    display: grid;
    gap: 12px;
    box-sizing: border-box;
    margin-block-start: 8px;
    padding: 12px;
    font-size: 0.875em;
    background: var(--background);
    border: 1px solid var(--line);
    border-radius: var(--kinescope-chat-radius, 12px);
  }
  code,
  .facts.raw,
  .steps {
    font-family: ui-monospace, monospace;
    font-size: 0.92em;
  }
  .wrong {
    color: var(--mark);
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
  .life .spent {
    fill: var(--accent);
    opacity: 0.45;
  }
  .life .next {
    fill: var(--mark);
  }
  .steps {
    display: grid;
    gap: 2px;
    max-height: 200px;
    padding: 0;
    overflow: auto;
    list-style: none;
  }
  .steps time {
    display: inline-block;
    min-width: 9ch;
    padding-inline-end: 1ch;
    text-align: end;
    opacity: 0.8;
  }
  @media (forced-colors: active) {
    .life .spent {
      fill: Highlight;
      opacity: 1;
    }
    .life .next {
      fill: CanvasText;
    }
  }
  .rest {
    flex: none;
  }
`
