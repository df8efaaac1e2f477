import type { Command } from './command.js'
import { audit } from './audit.js'
import { doctor } from './doctor.js'
import { eventsDisable, eventsEnable, eventsList, eventsShow } from './events.js'
import { keysGenerate } from './keys-generate.js'
import { keysList, keysShow } from './keys-list.js'
import { keysRegister } from './keys-register.js'
import { keysRevoke } from './keys-revoke.js'
import { keysReconcile, keysRotate } from './keys-rotate.js'
import { links } from './links.js'
import { linksRevoke } from './links-revoke.js'
import { rehearseCommand } from './rehearse.js'
import { serve } from './serve.js'
import { setupCommand } from './setup.js'
import { statusCommand } from './status.js'
import { tokenMint } from './token-mint.js'
import { tokenInspect, tokenVerify } from './token-verify.js'

/** Every command there is, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  setupCommand,
  serve,
  doctor,
  rehearseCommand,
  statusCommand,
  audit,
  links,
  linksRevoke,
  keysGenerate,
  keysRegister,
  keysList,
  keysShow,
  keysRotate,
  keysReconcile,
  keysRevoke,
  eventsList,
  eventsShow,
  eventsEnable,
  eventsDisable,
  tokenMint,
  tokenVerify,
  tokenInspect,
]
