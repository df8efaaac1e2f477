/** Stands for the site's own session: here, the visitor's name lies in a cookie, which no real site may believe. */
export function sessionOf(request: Request): Promise<{ id: string; displayName: string } | null> {
  const name = /(?:^|; )visitor=([^;]+)/.exec(request.headers.get('cookie') ?? '')?.[1]
  return Promise.resolve(name ? { id: `user-${name}`, displayName: decodeURIComponent(name) } : null)
}
