// Writes docs/openapi.json and docs/endpoint.md from the server's own tables: `pnpm --filter kinescope-chat-docs run pages`.
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { WIRE_CODES, type WireCode } from 'kinescope-chat/contract'
import { PROBLEMS } from '../packages/server/src/endpoint/refusal.js'
import { MAX_BODY_BYTES } from '../packages/server/src/endpoint/request.js'
import { CODE_NOTES } from './code-notes.js'

const statusesOf = (code: WireCode): string[] => CODE_NOTES[code].http.split(', ')
const seconds = (description: string) => ({
  type: 'integer',
  minimum: 0,
  description: `${description} Seconds.`,
})

/** The token endpoint as OpenAPI 3.1, for whoever writes one of their own or a client for it. */
export function openApi(): Record<string, unknown> {
  const byStatus = new Map<string, WireCode[]>()
  for (const code of WIRE_CODES)
    for (const status of statusesOf(code)) byStatus.set(status, [...(byStatus.get(status) ?? []), code])
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
        'Signs the visitor of a page in to Kinescope’s stream chat. Who the visitor is, the request never says.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'https://chat.example.com' }],
    paths: {
      '/token': {
        post: {
          operationId: 'getToken',
          summary: 'A token for one stream',
          security: [{ cookie: [] }, { statement: [] }],
          requestBody: {
            required: true,
            description: `At most ${MAX_BODY_BYTES} bytes.`,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/TokenRequest' } } },
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
        statement: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'A statement by the site of who the visitor is.',
        },
      },
      schemas: {
        TokenRequest: {
          type: 'object',
          required: ['event_id'],
          additionalProperties: false,
          properties: {
            event_id: { type: 'string', minLength: 1, description: 'The stream, as on the tag.' },
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

/** The page about it. */
export function endpointPage(): string {
  const rows = WIRE_CODES.map(
    (code) =>
      `| [\`${code}\`](troubleshooting.md#${code}) | ${CODE_NOTES[code].http} | ${PROBLEMS[code].detail} |`,
  )
  return `# The token endpoint

\`POST /token\` with \`Content-Type: application/json\` and the body \`{"event_id": "EVENT"}\`; nothing else is taken. Who the
visitor is comes from their cookie or from a signed statement, never from the body. The whole description as OpenAPI 3.1:
[openapi.json](openapi.json).

    200 {"token": "<jwt>", "expires_in": 3600, "refresh_in": 2712}

Every answer has \`Cache-Control: no-store\` and \`X-Request-ID\`. A refusal is \`application/problem+json\` (RFC 9457):

    {"type": "urn:kinescope-chat:problem:CODE", "title": "…", "status": 401, "detail": "…", "code": "CODE", "request_id": "…"}

| code | HTTP | |
| --- | --- | --- |
${rows.join('\n')}

An endpoint that you write yourself may be simpler: JSON with a \`token\` is enough, and a bare 401 or 403 (an empty body, JSON
or plain text) refuses the visitor. Everything else that comes back is taken for somebody else's answer, and never takes a
chat away whose token still lives.
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('openapi.json', import.meta.url), `${JSON.stringify(openApi(), null, 2)}\n`)
  await writeFile(new URL('endpoint.md', import.meta.url), endpointPage())
}
