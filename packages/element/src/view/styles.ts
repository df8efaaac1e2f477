import { css } from '@lit/reactive-element'

export const styles = css`
  :host {
    display: block;
    position: relative;
    inline-size: 100%;
    min-inline-size: min(280px, 100vw);
    color-scheme: light dark;
    font:
      16px/1.45 system-ui,
      sans-serif;
    --ink: light-dark(#1d1f26, #f1f2f5);
    --soft: light-dark(#5a5f6d, #b3b8c6);
    --ground: light-dark(#fff, #17181d);
    --line: light-dark(#d8dae2, #3a3d48);
    --accent: light-dark(#4646d8, #a9adff);
    color: var(--ink);
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  .box {
    display: flex;
    flex-direction: column;
    box-sizing: border-box;
    block-size: 100%;
    min-block-size: max(400px, var(--kinescope-chat-height, 600px));
    overflow: hidden;
    background: var(--ground);
    border: 1px solid var(--line);
    border-radius: 12px;
  }
  .stage {
    position: relative;
    flex: 1;
  }
  iframe,
  .panel {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    block-size: 100%;
    border: 0;
  }
  .panel {
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: safe center;
    gap: 12px;
    box-sizing: border-box;
    padding: 24px;
    overflow: auto;
    text-align: center;
    background: var(--ground);
    overflow-wrap: anywhere;
  }
  h2,
  p {
    margin: 0;
    max-inline-size: 36ch;
  }
  h2 {
    font-size: 1.15em;
    line-height: 1.3;
    text-wrap: balance;
  }
  p,
  summary {
    color: var(--soft);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    justify-content: center;
  }
  .button {
    min-block-size: 40px;
    box-sizing: border-box;
    padding: 8px 16px;
    font: inherit;
    font-weight: 600;
    color: var(--accent);
    background: none;
    border: 1px solid currentColor;
    border-radius: 8px;
    cursor: pointer;
    text-decoration: none;
  }
  .primary {
    color: var(--ground);
    background: var(--accent);
    border-color: var(--accent);
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  .bars {
    inline-size: min(100%, 320px);
    block-size: 180px;
    border-radius: 8px;
    background: repeating-linear-gradient(var(--line) 0 14px, transparent 14px 36px);
    opacity: 0.6;
    animation: pulse 1.6s 3 ease-in-out;
  }
  @keyframes pulse {
    50% {
      opacity: 0.25;
    }
  }
  .banner,
  .help {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 12px;
    padding: 8px 12px;
    border-block-end: 1px solid var(--line);
  }
  .banner .button {
    min-block-size: 32px;
    padding: 2px 12px;
    margin-inline-start: auto;
  }
  .help {
    border-block: 1px solid var(--line);
    border-block-end: 0;
    font-size: 0.9em;
  }
  summary {
    min-block-size: 24px;
    cursor: pointer;
  }
  details .row {
    padding-block: 8px;
  }
  .status {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  pre {
    margin: 8px 0 0;
    padding: 12px;
    max-block-size: 320px;
    overflow: auto;
    font:
      12px/1.5 ui-monospace,
      monospace;
    color: var(--ink);
    background: var(--ground);
    border: 1px solid var(--line);
    border-radius: 8px;
    text-align: start;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  @media (prefers-reduced-motion: reduce) {
    .bars {
      animation: none;
    }
  }
  @media (forced-colors: active) {
    .bars {
      border: 1px solid;
    }
  }
`
