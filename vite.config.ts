import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The tests that run in Node; those of the element's behaviour run in browsers (packages/element/web-test-runner.config.mjs). */
export default defineConfig({
  test: {
    reporters: ['default'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { test: { name: 'element', include: ['packages/element/test/{pure,package}/**/*.test.ts'] } },
      { test: { name: 'server', include: ['packages/server/test/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'docs',
          include: ['docs/test/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
        },
      },
      {
        // as Next.js resolves it, for the example that is one of its applications
        resolve: { alias: { '@': fileURLToPath(new URL('demo/examples/next', import.meta.url)) } },
        test: {
          name: 'demo',
          include: ['demo/test/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
