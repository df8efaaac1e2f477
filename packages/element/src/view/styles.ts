/** One sheet for every element, adopted where it can be: pages may forbid style elements. */
export const styles = `
:host {
  --i: light-dark(#1d1f26, #f1f2f5);
  --s: light-dark(#5a5f6d, #b3b8c6);
  --g: light-dark(#fff, #17181d);
  --l: light-dark(#d8dae2, #3a3d48);
  --a: light-dark(#4646d8, #a9adff);
  display: block;
  min-inline-size: min(280px, 100vw);
  font: 16px/1.4 system-ui, sans-serif;
  color: var(--i);
}
:host([hidden]), [hidden] {
  display: none !important;
}
.box {
  display: flex;
  flex-direction: column;
  position: relative;
  box-sizing: border-box;
  block-size: 100%;
  min-block-size: max(400px, var(--kinescope-chat-height, 600px));
  overflow: hidden;
  background: var(--g);
  border: 1px solid var(--l);
  border-radius: 12px;
}
.stage {
  flex: 1;
  position: relative;
}
iframe {
  color-scheme: normal;
}
iframe, .panel {
  position: absolute;
  inset: 0;
  inline-size: 100%;
  block-size: 100%;
  border: 0;
}
.panel {
  z-index: 1;
  display: flex;
  flex-direction: column;
  align-items: center;
  justify-content: safe center;
  gap: 12px;
  box-sizing: border-box;
  padding: 24px;
  overflow: auto;
  text-align: center;
  background: var(--g);
}
h2, p {
  margin: 0;
  max-inline-size: 36ch;
  overflow-wrap: anywhere;
}
h2 {
  font-size: 1.15em;
}
p, summary {
  color: var(--s);
}
.row {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: center;
  gap: 8px;
}
.line {
  justify-content: space-between;
  padding: 8px 12px;
  border: 0 solid var(--l);
  border-width: 1px 0;
}
.button {
  padding: 8px 16px;
  font: inherit;
  font-weight: 600;
  color: var(--a);
  background: none;
  border: 1px solid;
  border-radius: 8px;
  cursor: pointer;
  text-decoration: none;
}
.panel .button:first-child {
  color: var(--g);
  background: var(--a);
}
:focus-visible {
  outline: 3px solid var(--a);
  outline-offset: 2px;
}
.bars {
  inline-size: min(100%, 320px);
  block-size: 180px;
  background: repeating-linear-gradient(var(--l) 0 14px, #0000 0 36px);
  animation: pulse 1.6s 3;
}
@keyframes pulse {
  50% {
    opacity: 0.4;
  }
}
summary {
  min-block-size: 24px;
  cursor: pointer;
}
.status {
  position: absolute;
  inline-size: 1px;
  overflow: hidden;
  clip-path: inset(50%);
}
pre {
  max-block-size: 320px;
  overflow: auto;
  font: 12px monospace;
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
