import type { ManualRequest } from '../keys/by-hand.js'
import type { KeyAction } from '../keys/steps.js'
import { Shown, escaped } from './shown.js'
import type { Terminal } from './terminal.js'
import { momentAndDistance, momentText } from './time-text.js'

/** What is going on, for the progress line. */
export function actionProgress(action: KeyAction): string | null {
  switch (action.action) {
    case 'generating':
      return `Making a key of ${action.bits} bits`
    case 'registering':
      return `Registering ${action.kid} at Kinescope`
    case 'removing':
      return `Deleting ${action.kid} at Kinescope`
    default:
      return null
  }
}

/** What was done, a line each; what merely began is left out. */
export function actionLines(actions: readonly KeyAction[], terminal: Terminal, now: number): Shown[] {
  return actions.flatMap((action): Shown[] => {
    switch (action.action) {
      case 'generating':
      case 'registering':
      case 'removing':
        return []
      case 'generated':
        return [terminal.line('ok', `made ${action.kid}, ${action.bits} bits`)]
      case 'adopted':
        return [terminal.line('ok', `took ${action.kid} into the ring, ${action.bits} bits`)]
      case 'registered': {
        if (action.remoteId === null) return []
        const until = `until ${momentText(action.expiresAt)}`
        const how = action.found ? 'was registered at Kinescope already' : 'is registered at Kinescope'
        return [terminal.line('ok', `${action.kid} ${how} (${action.remoteId}), ${until}`)]
      }
      case 'signs': {
        const instead = action.instead.length > 0 ? ` instead of ${action.instead.join(', ')}` : ''
        const soon = Date.parse(action.from) > now
        const when = soon ? `will sign from ${momentAndDistance(action.from, now)}` : 'signs from now on'
        return [terminal.line('ok', `${action.kid} ${when}${instead}`)]
      }
      case 'revoked':
        return [terminal.line('ok', `${action.kid} signs nothing any more`)]
      case 'removed':
        return [terminal.line('ok', `${action.kid} is deleted, at Kinescope and here`)]
      case 'duplicate-removed':
        return [terminal.line('ok', `a second registration of ${action.kid} (${action.remoteId}) is deleted`)]
      case 'refused':
        return [terminal.line('fail', `${action.message} (${action.code})`, action.remediation)]
      case 'by-hand':
        return [
          terminal.line('info', 'Somebody with the API token has to make this request:'),
          manualText(action.request),
        ]
    }
  })
}

/** Lines for a shell: whole, however wide. */
function manualText({ method, url, first, body }: ManualRequest): Shown {
  const lines = [
    ...(first === null ? [] : [`# ${first}`]),
    `curl --request ${method} '${url}' \\`,
    ...(body === null ? [] : [`  --header 'Content-Type: application/json' \\`]),
    `  --header "Authorization: Bearer $KINESCOPE_API_TOKEN"${body === null ? '' : ' \\'}`,
    ...(body === null ? [] : [`  --data '${JSON.stringify(body, null, 2).replaceAll('\n', '\n  ')}'`]),
  ]
  const text = lines.flatMap((line) => line.split('\n')).map((line) => `  ${escaped(line)}`)
  return Shown.ours(`\n${text.join('\n')}\n`)
}
