import type { ServerResponse } from 'node:http'

/** Small enough to need nothing else; it asks for the real page until that is there. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="refresh" content="1">
    <title>Starting …</title>
    <link rel="icon" href="data:,">
    <style>body { display: grid; place-content: center; min-height: 90vh; font: 18px/1.5 system-ui; text-align: center }</style>
  </head>
  <body>
    <h1>Starting …</h1>
    <p>The token server is on its way. This page goes on by itself.</p>
    <p lang="ru">Сервер токенов запускается. Страница продолжит сама.</p>
  </body>
</html>
`

/** What a browser gets that comes before everything is up: a page on which nothing ever happens would be worse. */
export function startingPage(response: ServerResponse): void {
  response
    .writeHead(503, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'retry-after': '1',
    })
    .end(PAGE)
}
