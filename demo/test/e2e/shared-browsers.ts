import { launchBrowserServer, SHARED_BROWSERS } from './browser.js'
import { lend } from './lending.js'

/** Lends one Chromium to each worker for the whole run. A start per test file costs a second of both cores. */
export default () => lend(SHARED_BROWSERS, launchBrowserServer, (browser) => browser.wsEndpoint())
