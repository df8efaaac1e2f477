import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The tests that run in Node. Those of the element's behaviour run in browsers: packages/element/test/browser. */
export default defineConfig({
  test: {
    reporters: ['default'],
    // they end a test that hangs; a busy machine may need a multiple of a quiet one's time
    testTimeout: 120_000,
    hookTimeout: 240_000,
    // CI may share its machine: what passes the second time is reported with its retry. `npm test` has none
    retry: process.env['CI'] ? 1 : 0,
    // many tests wait for a process or a browser, so three share two cores well
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // a worker loads the sources once: a test file puts back the globals, clocks and modules that it replaced
    isolate: false,
    setupFiles: 'packages/server/test/set-up.ts',
    tags: [
      {
        name: 'rare',
        description: 'Exhaustive, slow or wide. `npm run test:all` runs it, `npm test` does not.',
      },
    ],
    projects: [
      {
        extends: true,
        test: { name: 'element', include: ['packages/element/test/{pure,package}/**/*.test.ts'] },
      },
      {
        extends: true,
        test: { name: 'server', include: ['packages/server/test/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'docs',
          include: ['docs/test/**/*.test.ts'],
          globalSetup: 'demo/test/e2e/shared-browsers.ts',
        },
      },
      {
        extends: true,
        // as Next.js resolves it, for the example that is one of its applications
        resolve: { alias: { '@': fileURLToPath(new URL('demo/examples/next', import.meta.url)) } },
        test: {
          name: 'demo',
          include: ['demo/test/**/*.test.ts'],
          globalSetup: ['demo/test/e2e/shared-browsers.ts', 'demo/test/placing/shared-database.ts'],
        },
      },
    ],
  },
})
