/**
 * One sheet for every element, adopted where it can be: pages may forbid style elements. Chromium tells the page's
 * colour scheme to some frames of another site and not to others, so none is told: no swap may turn a light chat dark.
 * Forced colours keep system colours, paint no gradient and show outlines that are transparent elsewhere.
 */
export const styles = `
:host {
  --a: light-dark(#4646d8, #a9adff);
  display: block;
  min-width: min(280px, 100vw);
  font: 16px/1.4 system-ui;
  color: CanvasText;
}
:host([hidden]), [hidden] {
  display: none !important;
}
.box, .panel {
  display: flex;
  flex-direction: column;
  box-sizing: border-box;
  height: 100%;
  background: Canvas;
}
.box {
  position: relative;
  min-height: max(400px, var(--kinescope-chat-height, 600px));
  overflow: hidden;
  border: 1px solid #8886;
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
  width: 100%;
  height: 100%;
  border: 0;
}
.panel {
  z-index: 1;
  padding: 16px;
  overflow: auto;
}
.panel, .row {
  align-items: center;
  justify-content: safe center;
  gap: 12px;
  text-align: center;
}
.row {
  display: flex;
  flex-wrap: wrap;
}
.line {
  padding: 8px 12px;
  border-block: 1px solid #8886;
}
h2, p {
  margin: 0;
  max-width: 36ch;
  overflow-wrap: anywhere;
  text-wrap: balance;
  unicode-bidi: plaintext;
}
h2 {
  font-size: 1.15em;
}
.button {
  padding: 8px 16px;
  font: inherit;
  font-weight: 600;
  color: var(--a);
  background: none;
  border: 1px solid;
  border-radius: 8px;
  text-decoration: none;
}
.panel .button:first-child {
  color: light-dark(#fff, #000);
  background: var(--a);
}
.bars {
  width: min(100%, 320px);
  height: 180px;
  outline: 1px solid #0000;
  background: repeating-linear-gradient(#8886 0 14px, #0000 0 36px);
}
summary {
  min-height: 24px;
}
.status {
  position: absolute;
  clip-path: inset(50%);
}
pre {
  max-height: 320px;
  overflow: auto;
  font: 12px monospace;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
`
