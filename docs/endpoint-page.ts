// Writes docs/openapi.json and docs/endpoint.md from the server's own tables: `pnpm --filter kinescope-chat-docs run pages`.
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { WIRE_CODES, type WireCode } from 'kinescope-chat/contract'
import { PROBLEMS } from '../packages/server/src/endpoint/refusal.js'
import { MAX_BODY_BYTES } from '../packages/server/src/endpoint/request.js'
import { statusesOf } from './code-notes.js'

const seconds = (description: string) => ({
  type: 'integer',
  minimum: 0,
  description: `${description} Seconds.`,
})

/** Describes the token endpoint in OpenAPI 3.1, for authors of other endpoints and clients. */
export function openApi(): Record<string, unknown> {
  const byStatus = new Map<string, WireCode[]>()
  for (const code of WIRE_CODES)
    for (const status of statusesOf(code).map(String))
      byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  const headers = {
    'Cache-Control': { schema: { const: 'no-store' } },
    'X-Request-ID': { schema: { type: 'string' }, description: 'The same as request_id; it is in the log.' },
  }
  const refusals = [...byStatus].sort().map(([status, codes]): [string, object] => [
    status,
    {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].detail}`).join('\n\n'),
      headers: {
        ...headers,
        'Retry-After': { schema: { type: 'string' }, description: 'Where waiting helps. Seconds.' },
      },
      content: {
        'application/problem+json': {
          schema: {
            allOf: [
              { $ref: '#/components/schemas/Problem' },
              { type: 'object', properties: { code: { enum: codes } } },
            ],
          },
        },
      },
    },
  ])
  return {
    openapi: '3.1.0',
    info: {
      title: 'Token endpoint of kinescope-chat',
      version: '1',
      description:
        'Signs the visitor of a page in to Kinescope’s stream chat. The site says who the visitor is, never the browser.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'https://chat.example.com' }],
    paths: {
      '/token': {
        post: {
          operationId: 'getToken',
          summary: 'A token for one stream',
          security: [{ cookie: [] }, { identityToken: [] }],
          requestBody: {
            required: true,
            description: `At most ${MAX_BODY_BYTES} bytes.`,
            content: {
              'application/json': { schema: { $ref: '#/components/schemas/TokenRequest' } },
              'text/plain': {
                schema: {
                  type: 'string',
                  contentMediaType: 'application/json',
                  contentSchema: { $ref: '#/components/schemas/TokenRequest' },
                },
              },
            },
          },
          responses: {
            200: {
              description: 'A token.',
              headers,
              content: { 'application/json': { schema: { $ref: '#/components/schemas/TokenReply' } } },
            },
            ...Object.fromEntries(refusals),
          },
        },
      },
    },
    components: {
      securitySchemes: {
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: 'session',
          description: 'The site’s own session, whatever its name.',
        },
        identityToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The site’s identity token, or its member `identity` of the body.',
        },
      },
      schemas: {
        TokenRequest: {
          type: 'object',
          required: ['event_id'],
          additionalProperties: false,
          properties: {
            event_id: { type: 'string', minLength: 1, description: 'The stream, as on the tag.' },
            identity: {
              type: 'string',
              description: 'The identity token, where no `Authorization` header is sent.',
            },
          },
        },
        TokenReply: {
          type: 'object',
          required: ['token'],
          properties: {
            token: {
              type: 'string',
              description: 'An RS256 JWT: aud "chat", user_id, username, event_id, iat, exp.',
            },
            expires_in: seconds('The token lives this long from now.'),
            refresh_in: seconds('When to ask again; spread over all viewers.'),
            chat_id: {
              type: 'string',
              description: 'The id for the chat’s address, where it differs from the one asked for.',
            },
            event_id: {
              type: 'string',
              description: 'The id in the claim, where it differs from the one asked for.',
            },
            warning: {
              type: 'string',
              description: 'A code that the developer should know of although the chat works.',
            },
          },
        },
        Problem: {
          type: 'object',
          description: 'RFC 9457.',
          required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
          properties: {
            type: { type: 'string', format: 'uri' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
            code: { type: 'string', enum: [...WIRE_CODES] },
            request_id: { type: 'string' },
          },
        },
      },
    },
  }
}

/** Returns the page about the token endpoint. */
export function endpointPage(): string {
  const rows = WIRE_CODES.map(
    (code) =>
      `| [\`${code}\`](codes/${code}.md) | ${statusesOf(code).join(', ')} | ${PROBLEMS[code].detail} |`,
  )
  return `# The token endpoint

Send \`POST /token\` with the JSON body \`{"event_id": "EVENT"}\`. The visitor's identity comes from a cookie or from an
identity token that the site signs. [openapi.json](openapi.json) has the complete description as OpenAPI 3.1.

| part | value |
| --- | --- |
| \`Content-Type\` | \`application/json\`, or \`text/plain\` in UTF-8. A page of another origin needs no preflight for \`text/plain\` |
| \`Authorization\` | \`Bearer IDENTITY_TOKEN\`, optional |
| \`identity\` in the body | the identity token, where no \`Authorization\` is sent. [Why this is safe](../SECURITY.md#the-simple-request) |
| \`Origin\`, \`Sec-Fetch-Site\` | set by the browser. A request without both is rejected |

To try it with curl, name a page of \`CHAT_ALLOWED_ORIGINS\` and sign in with a cookie or an identity token:

\`\`\`sh
curl -i https://chat.example.com/token \\
  -H 'Origin: https://www.example.com' \\
  -H 'Content-Type: application/json' \\
  -H 'Cookie: session=YOUR_SESSION' \\
  -d '{"event_id": "0csUJYzAHfe3PcyMEVScmQ"}'
\`\`\`

A successful response:

\`\`\`json
{ "token": "<jwt>", "expires_in": 3600, "refresh_in": 2712 }
\`\`\`

Every response has \`Cache-Control: no-store\` and \`X-Request-ID\`. An error is \`application/problem+json\` (RFC 9457):

\`\`\`json
{
  "type": "urn:kinescope-chat:problem:CODE",
  "title": "…",
  "status": 401,
  "detail": "…",
  "code": "CODE",
  "request_id": "…"
}
\`\`\`

| code | HTTP | |
| --- | --- | --- |
${rows.join('\n')}

Your own endpoint may be simpler. JSON with a \`token\` is enough. A 401 or 403 with an empty, JSON or plain-text body rejects
the visitor, for example \`{"error": "banned"}\`. The element treats any other response as an intermediary's, and JSON in the
error shape of another product, such as WordPress or a firewall. An intermediary never removes a chat with a valid token.
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('openapi.json', import.meta.url), `${JSON.stringify(openApi(), null, 2)}\n`)
  await writeFile(new URL('endpoint.md', import.meta.url), endpointPage())
}
