import { defineConfig } from 'vite'
import { isolateGlobals } from './scripts/isolate-globals.js'
import { finish, foldTemplates, INTRO, namePolicy, oneVersion } from './scripts/one-file.js'

/** The standalone file: one script, module and classic at once, complete in itself. */
export default defineConfig({
  plugins: [oneVersion, foldTemplates, namePolicy(), { ...isolateGlobals, enforce: 'post' }, finish],
  resolve: { conditions: ['production', 'browser', 'module'] },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: false,
    sourcemap: true,
    lib: {
      entry: 'src/standalone.ts',
      name: 'KinescopeChat',
      formats: ['iife'],
      fileName: () => 'kinescope-chat.js',
    },
    rolldownOptions: {
      output: {
        intro: INTRO,
        minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } },
        comments: false,
      },
    },
  },
})
