import { defineConfig } from 'vite'
import { isolateGlobals } from './scripts/isolate-globals.js'
import {
  compressedCopies,
  foldStyles,
  namePolicy,
  oneVersion,
  OUTPUT,
  secondName,
} from './scripts/one-file.js'

/** The standalone file: one script, module and classic at once, complete in itself. */
export default defineConfig({
  plugins: [
    oneVersion,
    foldStyles,
    namePolicy(),
    { ...isolateGlobals, enforce: 'post' },
    secondName,
    compressedCopies,
  ],
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
        ...OUTPUT,
        minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } },
        comments: false,
      },
    },
  },
})
