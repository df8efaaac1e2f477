/** Represents the site's own sessions: `sid=ID` is signed in as ID. */
export function sessionUser(cookie: string | null | undefined): { id: string; name: string } | null {
  const id = /(?:^|; )sid=([\w-]+)/.exec(cookie ?? '')?.[1]
  return id === undefined ? null : { id, name: `Name of ${id}` }
}
