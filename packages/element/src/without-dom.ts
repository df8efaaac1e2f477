/**
 * What a server that renders the page, or an edge runtime, gets in place of the element (`exports` of package.json): the
 * same names, and nothing that needs a document or leaves a trace in the runtime.
 */
import { VERSION } from './version.js'

export * from './contract.js'

export class KinescopeChatElement {
  static readonly version = VERSION
  static defaults = {}
  static addMessages(): void {}
  static upgrade(): void {}
  static reset(): void {}
}
