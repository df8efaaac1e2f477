import { css } from 'lit'

/**
 * One sheet for every element. Chromium tells the page's colour scheme to some frames of another site and not to others, so
 * none is told: no swap may turn a light chat dark. System colours follow the page's `color-scheme`, and forced colours by
 * themselves; what is newer than the oldest browsers comes second, behind what they know.
 *
 * The box: the host is a flex column of one item that scrolls. With a height (its own, a cell's, a percentage) the chat
 * shrinks to it, and what else there is scrolls inside; without one the chat is as high as wished, and the rest adds to it.
 * Where a site gives the host another display, the host itself scrolls. What is in it at the moment has no say in its size,
 * also where its width follows its content (a float, a cell of a table): no state may move the page. What a page's text
 * inherits and a panel can't do with, such as `white-space: nowrap`, ends at it.
 */
export const box = css`
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
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  .all {
    display: flex;
    flex-direction: column;
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
    display: flex;
    flex-direction: column;
    flex: 1 1 var(--kinescope-chat-height, 600px);
    contain: size;
    contain-intrinsic-block-size: 600px;
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
    align-items: safe center;
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
  .status {
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
`
