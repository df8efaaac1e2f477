import { find, make } from './make.js'
import { announce } from './panels.js'
import { snippets, type SnippetFacts, type SnippetKind } from './snippets.js'
import { say } from './words.js'

/** The code to paste, each way with a button that copies it. */
export function drawCode(facts: SnippetFacts): void {
  const blocks = Object.entries(snippets(facts)).map(([kind, code]) => {
    const name = make('h3', {}, say(kind as SnippetKind))
    const text = make('pre', { tabindex: '0' }, code)
    const button = make('button', { onclick: () => void copy(text, button) }, say('copy'))
    return make('div', { class: 'snippet', 'data-kind': kind }, name, text, button)
  })
  find('panel-code').replaceChildren(...blocks)
}

async function copy(text: HTMLElement, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text.textContent)
    button.textContent = say('copied')
    announce('copied')
  } catch {
    getSelection()?.selectAllChildren(text)
    button.textContent = say('notCopied')
    announce('notCopied')
  }
}
