import { EventApi, type JwtChange, type StreamEvent } from '../kinescope/event-api.js'
import { DRY_RUN_FLAG, isDryRun, YES_FLAG, type Call, type Command, type Outcome } from './command.js'
import { API_SETTINGS, openApi } from './key-command.js'
import { shown, stacked, type Shown, type Terminal } from './terminal.js'

const ID_NOTE =
  'ID is the stream’s UUID, the last part of its link, or the link itself (https://kinescope.io/…, …/chat/…).'

export const eventsList: Command = {
  name: 'events list',
  summary: 'the streams, and whether their chats require a token',
  settings: API_SETTINGS,
  async run(call) {
    const { terminal } = call
    terminal.progress('Reading the streams')
    const events = await new EventApi(openApi(call)).list()
    const rows = events.map((event) => [
      jwtText(event, terminal),
      event.publicId ?? '',
      event.status ?? '',
      event.id,
      event.name,
    ])
    return {
      exit: 0,
      data: { events },
      text:
        rows.length > 0
          ? terminal.table(
              [
                { title: 'JWT' },
                { title: 'PUBLIC ID' },
                { title: 'STATUS', optional: true },
                { title: 'UUID', optional: true },
                { title: 'NAME', cut: true },
              ],
              rows,
            )
          : terminal.line('info', 'the workspace has no streams'),
    }
  },
}

export const eventsShow: Command = {
  name: 'events show',
  args: ['ID'],
  summary: 'one stream, by any of its ids',
  settings: API_SETTINGS,
  notes: [ID_NOTE],
  async run(call) {
    call.terminal.progress('Looking for the stream')
    const event = await new EventApi(openApi(call)).resolve(call.args[0]!)
    return { exit: 0, data: event, text: eventText(event, call.terminal) }
  },
}

export const eventsEnable: Command = {
  name: 'events enable',
  args: ['ID'],
  summary: 'let only visitors with a token into a stream’s chat',
  flags: DRY_RUN_FLAG,
  settings: API_SETTINGS,
  notes: [ID_NOTE, 'Sends only chat_jwt_required. Reports other settings that changed.'],
  run: (call) => change(call, true),
}

export const eventsDisable: Command = {
  name: 'events disable',
  args: ['ID'],
  summary: 'let anyone into a stream’s chat again',
  flags: { ...DRY_RUN_FLAG, ...YES_FLAG },
  settings: API_SETTINGS,
  notes: [ID_NOTE],
  run: (call) => change(call, false),
}

async function change(call: Call, wanted: boolean): Promise<Outcome> {
  const { terminal } = call
  const api = new EventApi(openApi(call))
  terminal.progress('Looking for the stream')
  const event = await api.resolve(call.args[0]!)
  if (isDryRun(call))
    return { exit: 0, data: { dryRun: true, event, wanted }, text: planText(event, wanted, terminal) }
  if (!wanted) await call.confirm(`anyone may then enter the chat of "${event.name}" under any name`)
  const { id } = event
  terminal.progress(`Switching JWT ${wanted ? 'on' : 'off'}`)
  const result = await api.setJwtRequired(id, wanted)
  const good = result.event.jwtRequired === wanted || result.event.jwtRequired === null
  return {
    exit: good && result.alsoChanged.length === 0 ? 0 : 1,
    data: result,
    text: changeText(result, wanted, terminal),
  }
}

/** What switching it would do. */
export function planText(event: StreamEvent, wanted: boolean, terminal: Terminal): Shown {
  const set = event.jwtRequired === wanted
  return terminal.line(
    'info',
    set
      ? `chat_jwt_required of "${event.name}" is ${wanted ? 'on' : 'off'} already: nothing would change`
      : `would switch chat_jwt_required of "${event.name}" ${wanted ? 'on' : 'off'} at Kinescope`,
    set || !wanted ? undefined : 'visitors without a token are then rejected',
  )
}

/** What came of switching `chat_jwt_required`. */
export function changeText({ event, alsoChanged }: JwtChange, wanted: boolean, terminal: Terminal): Shown {
  const who = `"${event.name}"`
  const lines = []
  if (event.jwtRequired === wanted) {
    lines.push(
      terminal.line(
        'ok',
        wanted
          ? `the chat of ${who} accepts only visitors with a token`
          : `the chat of ${who} accepts anyone`,
      ),
    )
  } else if (event.jwtRequired === null) {
    lines.push(
      terminal.line(
        'warn',
        `Kinescope accepted the change for ${who}, but doesn’t show chat_jwt_required`,
        'open the chat’s link without a token: it must not let you write',
      ),
    )
  } else {
    lines.push(
      terminal.line(
        'fail',
        `Kinescope accepted the change for ${who}, but chat_jwt_required is still ${wanted ? 'off' : 'on'}`,
        'write to Kinescope’s support',
      ),
    )
  }
  for (const { name, before, after } of alsoChanged) {
    lines.push(
      terminal.line(
        'warn',
        `${name} changed as well: ${JSON.stringify(before)} → ${JSON.stringify(after)}`,
        'only chat_jwt_required was sent. Set it back in the dashboard',
      ),
    )
  }
  return stacked(...lines)
}

function eventText(event: StreamEvent, terminal: Terminal): Shown {
  return stacked(
    terminal.prose(shown`${terminal.colours.bold(event.name || event.id)}  ${jwtText(event, terminal)}`),
    terminal.facts([
      ['UUID', event.id],
      ['public id', event.publicId],
      ['status', event.status],
      [
        'chat_jwt_required',
        event.jwtRequired === null ? 'not shown by Kinescope' : String(event.jwtRequired),
      ],
    ]),
  )
}

function jwtText({ jwtRequired }: StreamEvent, { colours }: Terminal): Shown {
  if (jwtRequired === null) return colours.dim('?')
  return jwtRequired ? colours.green('on') : colours.yellow('off')
}
