import { startDemo, type Demo } from '../../start-demo.js'

/** The whole demo on free ports, quiet, with nothing kept afterwards. */
export const startTestDemo = (): Promise<Demo> =>
  startDemo({
    ports: { site: 0, token: 0, emulator: 0 },
    watch: false,
    logLevel: 'silent',
    report: () => undefined,
  })
