import { defineConfig } from 'vite'

/** The two standalone files: one ES module and one classic script of the same content, each complete in itself. */
export default defineConfig({
  plugins: [
    {
      name: 'fold-styles',
      transform: (code, id) =>
        id.endsWith('/styles.ts')
          ? {
              code: code
                .replace(/\s*([{};:,])\s*|\s+/g, (_, mark: string | undefined) => mark ?? ' ')
                .replaceAll(';}', '}'),
              // nobody debugs the one string that is left
              map: { mappings: '' },
            }
          : null,
    },
  ],
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
      // the classic script knows its own address by `document.currentScript`
      onLog: (level, log, handle) => log.code !== 'EMPTY_IMPORT_META' && handle(level, log),
      output: {
        // Vite keeps white space in ES libraries; this file is for pages, not for bundlers
        minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } },
        comments: false,
      },
    },
  },
})
