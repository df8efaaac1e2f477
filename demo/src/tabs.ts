import { find } from './make.js'

const KEY = 'bench-tab'

/** The tabs, by the pattern of the ARIA Authoring Practices: arrows move, what has focus is shown. The last one is kept. */
export function startTabs(shown: (panel: string) => void): void {
  const tabs = [...document.querySelectorAll<HTMLElement>('[role=tab]')]
  const show = (chosen: HTMLElement) => {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab === chosen))
      tab.tabIndex = tab === chosen ? 0 : -1
      find(tab.getAttribute('aria-controls')!).hidden = tab !== chosen
    }
    sessionStorage.setItem(KEY, chosen.id)
    shown(chosen.getAttribute('aria-controls')!)
  }
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => show(tab))
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
      const next = step === undefined ? undefined : tabs[(index + step + tabs.length) % tabs.length]
      if (!next) return
      show(next)
      next.focus()
    })
  }
  show(tabs.find(({ id }) => id === sessionStorage.getItem(KEY)) ?? tabs[0]!)
}
