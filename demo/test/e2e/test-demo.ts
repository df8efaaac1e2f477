import { startDemo, type Demo, type DemoOptions } from '../../start-demo.js'

/** On free ports, and nothing said. */
export const QUIET: DemoOptions = {
  ports: { site: 0, token: 0, emulator: 0 },
  watch: false,
  logLevel: 'silent',
  report: () => undefined,
}

/** The whole demo on free ports, quiet, with nothing kept afterwards; its token server with these settings besides. */
export const startTestDemo = (settings: Record<string, string> = {}): Promise<Demo> =>
  startDemo({ ...QUIET, settings })
