import { css } from 'lit'

/** The words, the buttons and the parts under a problem. */
export const content = css`
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
    text-wrap: balance;
  }
  h2,
  h3,
  p,
  dt,
  span,
  summary,
  .button {
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
    -webkit-user-select: text;
    user-select: text;
    font:
      12px/1.4 ui-monospace,
      monospace;
  }
`
