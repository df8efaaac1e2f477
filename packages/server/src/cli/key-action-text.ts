import { deleteByHand, type ManualRequest } from '../keys/by-hand.js'
import type { KeyAction } from '../keys/steps.js'
import { Shown, escaped, stacked, momentAndDistance, momentText, shellQuoted } from './text.js'
import type { Terminal } from './terminal.js'

/** The text of an action in progress, for the progress line. */
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

/** The text of a finished action, and of a planned one. */
interface ActionText {
  done: string
  would: string
}

function actionText(action: KeyAction, now: number, name: (kid: string) => string): ActionText | null {
  switch (action.action) {
    case 'generated':
      return { done: `made ${action.kid}, ${action.bits} bits`, would: `make a key of ${action.bits} bits` }
    case 'adopted':
      return {
        done: `took ${action.kid} into the ring, ${action.bits} bits`,
        would: `take ${action.kid} into the ring`,
      }
    case 'registered': {
      const how = action.found ? 'was registered at Kinescope already' : 'is registered at Kinescope'
      return {
        done: `${action.kid} ${how} (${action.remoteId}), until ${momentText(action.expiresAt)}`,
        would: `register ${name(action.kid)} at Kinescope`,
      }
    }
    case 'signs': {
      const instead = action.instead.length > 0 ? ` instead of ${action.instead.map(name).join(', ')}` : ''
      const moment = Date.parse(action.from) > now ? momentAndDistance(action.from, now) : null
      return {
        done: `${action.kid} ${moment ? `will sign from ${moment}` : 'signs from now on'}${instead}`,
        would: `sign with ${name(action.kid)} ${moment ? `from ${moment}` : 'at once'}${instead}`,
      }
    }
    case 'revoked':
      return {
        done: `${action.kid} no longer signs`,
        would: `stop signing with ${action.kid}: all its tokens would become invalid`,
      }
    case 'removed':
      return {
        done: `${action.kid} is deleted, at Kinescope and here`,
        would: `delete ${action.kid}, at Kinescope and here`,
      }
    case 'duplicate-removed': {
      const what = `a second registration of ${action.kid} (${action.remoteId})`
      return { done: `${what} is deleted`, would: `delete ${what}` }
    }
    default:
      return null
  }
}

const isByHand = (actions: readonly KeyAction[]) => actions.some(({ action }) => action === 'by-hand')

/** The finished actions, a line each. Skips actions that have only begun. */
export function actionLines(actions: readonly KeyAction[], terminal: Terminal, now: number): Shown[] {
  const byHand = isByHand(actions)
  return actions.flatMap((action): Shown[] => {
    // the request is still to be sent
    if (action.action === 'registered' && action.remoteId === null) return []
    if (action.action === 'removed' && byHand) return [terminal.line('ok', `${action.kid} is deleted here`)]
    if (action.action === 'refused')
      return [terminal.line('fail', `${action.message} (${action.code})`, action.remediation)]
    if (action.action === 'by-hand')
      return [
        terminal.line('info', 'Someone with the API token must send this request:'),
        manualText(action.request),
      ]
    if (action.action === 'removed' && action.missing)
      return [
        terminal.line(
          'warn',
          `${action.kid} is deleted here, but Kinescope doesn’t list it`,
          `If it was deleted there before, nothing is left to do. Otherwise KINESCOPE_API_TOKEN is of another workspace. With the right token, run \`kinescope-chat-server keys register\` and delete the key: ${deleteByHand(action.apiUrl)}`,
        ),
      ]
    const text = actionText(action, now, (kid) => kid)
    return text ? [terminal.line('ok', text.done)] : []
  })
}

/** The actions of a dry run. The name of a key that it made is left out, because the real key has another name. */
export function plannedLines(actions: readonly KeyAction[], terminal: Terminal, now: number): Shown {
  const made = actions.flatMap((action) => (action.action === 'generated' ? [action.kid] : []))
  const name = (kid: string) => (made.includes(kid) ? 'the new key' : kid)
  const byHand = isByHand(actions)
  const lines = actions.flatMap((action): Shown[] => {
    if (action.action === 'refused') return [terminal.line('warn', action.message)]
    if (action.action === 'registered' && (action.found || byHand)) return []
    const { request } = action.action === 'by-hand' ? action : {}
    const would = request
      ? `print the request ${request.method} ${request.url}`
      : actionText(action, now, name)?.would
    return would === undefined ? [] : [terminal.line('info', `would ${would}`)]
  })
  return stacked(
    ...lines,
    lines.length === 0 && terminal.line('ok', 'nothing would be done'),
    terminal.line('skip', 'dry run: nothing was changed'),
  )
}

/** Lines for a shell, never broken. */
function manualText({ method, url, first, body }: ManualRequest): Shown {
  const lines = [
    ...(first === null ? [] : [`# ${first}`]),
    `curl --request ${method} ${shellQuoted(url)} \\`,
    ...(body === null ? [] : [`  --header 'Content-Type: application/json' \\`]),
    `  --header "Authorization: Bearer $KINESCOPE_API_TOKEN"${body === null ? '' : ' \\'}`,
    ...(body === null
      ? []
      : [`  --data ${shellQuoted(JSON.stringify(body, null, 2).replaceAll('\n', '\n  '))}`]),
  ]
  const text = lines.flatMap((line) => line.split('\n')).map((line) => `  ${escaped(line)}`)
  return Shown.ours(`\n${text.join('\n')}\n`)
}
