import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** One of this folder's entries as a classic script, in development mode: frameworks warn there only. */
export async function bundle(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    mode: 'development',
    define: {
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    // React's warnings are wanted, Lit's advice on its development build isn't
    resolve: { conditions: ['production', 'browser', 'module'] },
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL(entry, import.meta.url)),
        formats: ['iife'],
        name: 'Bundle',
        fileName: 'bundle',
      },
    },
  })
  const [first] = [result].flat()
  if (!first || !('output' in first)) throw new Error('Vite built nothing')
  return first.output[0].code
}
