import { css } from 'lit'

/** The developer’s panel. */
export const debug = css`
  .debug {
    flex: none;
    contain: inline-size;
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
`
