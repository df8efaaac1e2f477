import { readFileSync } from 'node:fs'
import { defineConfig } from 'vite'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string }

/** The two standalone files: one ES module and one classic script of the same content, each complete in itself. */
export default defineConfig({
  define: { __VERSION__: JSON.stringify(version) },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: false,
    sourcemap: true,
    lib: {
      entry: 'src/standalone.ts',
      name: 'KinescopeChat',
      formats: ['es', 'iife'],
      fileName: (format) => (format === 'es' ? 'kinescope-chat.js' : 'kinescope-chat.classic.js'),
    },
    rolldownOptions: {
      output: {
        // Vite keeps white space in ES libraries; this file is for pages, not for bundlers
        minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } },
        comments: false,
      },
    },
  },
})
