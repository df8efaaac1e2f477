import js from '@eslint/js'
import wc from 'eslint-plugin-wc'
import globals from 'globals'
import tseslint from 'typescript-eslint'

/** A level of the house may import from the levels below it only (see CONTRIBUTING.md). */
const importsPointDown = (files, forbidden, why) => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ group: forbidden, message: why }] }],
  },
})

export default tseslint.config(
  { ignores: ['**/dist/', 'docs/.vitepress/pages/', '**/coverage/', '.tools/', '.cache/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          'packages/*/tsconfig.json',
          'demo/tsconfig.json',
          'docs/tsconfig.json',
          'tsconfig.root.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // how an interface of the platform is extended
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/unbound-method': ['error', { ignoreStatic: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  { files: ['packages/element/src/**/*.ts'], ...wc.configs['flat/recommended'] },
  {
    files: ['**/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off', // chai's `expect(x).to.be.true`
      // how an interface of the platform is extended
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off', // JSON read from a wire
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  { files: ['**/*.mjs', '**/*.js'], languageOptions: { globals: globals.node } },
  { files: ['packages/wordpress/plugin/**/*.js'], languageOptions: { globals: globals.browser } },
  importsPointDown(['packages/element/src/contract.ts'], ['*'], 'the contract imports nothing'),
  importsPointDown(
    ['packages/element/src/{token,frame,session,view,placing}/**'],
    ['**/kinescope-chat-element.js', '**/define.js', '**/standalone*.js', '**/index.js'],
    'imports point down: the surface is above this level',
  ),
  importsPointDown(
    ['packages/element/src/token/**', 'packages/element/src/frame/**'],
    ['**/session/**', '**/view/**', '**/kinescope-chat-element.js', '**/define.js'],
    'imports point down',
  ),
  importsPointDown(
    ['packages/server/src/{token,keys,identity,kinescope,endpoint,doctor,routes}/**'],
    ['**/cli/**', '**/serve.js', '**/index.js', '**/web.js'],
    'imports point down: entries and the command line are above this level',
  ),
)
