import { createElement, StrictMode } from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { Lesson } from './react-lesson.js'

const place = document.getElementById('root')!
let root: Root
let act: (name: string) => void

function start(): void {
  const { event = '' } = document.documentElement.dataset
  const app = createElement(
    StrictMode,
    null,
    createElement(Lesson, { event, acts: (given) => (act = given) }),
  )
  // what a third party has added makes React render anew, and say so
  if (place.hasChildNodes()) root = hydrateRoot(place, app, { onRecoverableError: () => {} })
  else (root = createRoot(place)).render(app)
}

Object.assign(window, {
  start,
  act: (name: string) => (name === 'unmount' ? root.unmount() : act(name)),
})
if (!('wait' in place.dataset)) start()
