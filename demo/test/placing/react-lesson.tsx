import { useState } from 'react'

/** A page of a course. React owns a marked link, a marked div and the content around them. */
export function Lesson({ event, acts }: { event: string; acts?: (act: (name: string) => void) => void }) {
  const [{ title, before, moved, words, hidden, stream }, set] = useState({
    title: 'Lesson',
    before: false,
    moved: false,
    words: 'Loading',
    hidden: false,
    stream: event,
  })
  acts?.((name) =>
    set((now) => ({
      ...now,
      ...(name === 'rename' && { title: 'Lesson 2' }),
      ...(name === 'before' && { before: true }),
      ...(name === 'move' && { moved: true }),
      ...(name === 'words' && { words: 'Still loading' }),
      ...(name === 'hide' && { hidden: !now.hidden }),
      ...(name === 'stream' && { title: 'Lesson 3' }),
    })),
  )
  const link = !hidden && (
    <a key="link" className={title} href={`https://kinescope.io/chat/${stream}#kinescope-chat`}>
      {title}
    </a>
  )
  const div = !hidden && (
    <div key="div" data-kinescope-chat={stream}>
      {words === 'Loading' ? <p>{words}</p> : words}
    </div>
  )
  return (
    <section>
      <h1>{title}</h1>
      {before && <b>New</b>}
      {moved ? [div, link] : [link, div]}
      <p>After</p>
    </section>
  )
}
