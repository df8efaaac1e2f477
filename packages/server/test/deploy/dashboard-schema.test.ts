import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const FILE = fileURLToPath(new URL('dashboard-as-code.ts', import.meta.url))
const dashboard = JSON.parse(
  readFileSync(new URL('../../deploy/grafana/dashboard.json', import.meta.url), 'utf8'),
) as { panels: { type: string; options: object; fieldConfig: { defaults: object } }[] }

/** Grafana's own types with the values of its enums, and the types of its Prometheus data source. */
const TYPES = `
import type { AnnotationQuery, DataSourceRef, Dashboard, FieldConfig, Panel, VariableModel } from '@grafana/schema'
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen'
import type { FieldConfig as Lines, Options as Timeseries } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen'

type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? \`\${T}\`
    : T extends number | boolean | null | undefined
      ? T
      : T extends (infer Item)[]
        ? Plain<Item>[]
        : { [Name in keyof T]: Plain<T[Name]> }

interface Target {
  refId: string
  datasource: DataSourceRef
  expr: string
  legendFormat: string
  editorMode: 'code' | 'builder'
  range?: boolean
  instant?: boolean
}
interface PanelOf<Type extends string, Options, Custom>
  extends Omit<Plain<Panel>, 'type' | 'targets' | 'options' | 'fieldConfig'> {
  type: Type
  targets: Target[]
  options: Partial<Plain<Options>>
  fieldConfig: { defaults: Omit<Plain<FieldConfig>, 'custom'> & { custom?: Plain<Custom> }; overrides: never[] }
}
interface Written extends Omit<Plain<Dashboard>, 'panels' | 'annotations' | 'templating'> {
  panels: (PanelOf<'stat', Stat, never> | PanelOf<'timeseries', Timeseries, Lines>)[]
  templating: { list: (Plain<VariableModel> & { definition?: string })[] }
  annotations: { list: (Plain<AnnotationQuery> & { expr: string; step: string; titleFormat: string })[] }
}
`

/** TypeScript's errors for a dashboard, checked against Grafana's types. */
function faultsOf(written: object): string[] {
  const text = `${TYPES}\nexport const dashboard: Written = ${JSON.stringify(written, null, 1)}\n`
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.getSourceFile = (name, ...rest) =>
    name === FILE ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest)
  host.fileExists = (name) => name === FILE || fileExists(name)
  host.readFile = (name) => (name === FILE ? text : readFile(name))
  return ts
    .getPreEmitDiagnostics(ts.createProgram([FILE], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

describe('deploy/grafana/dashboard.json', () => {
  it('fits Grafana’s own types', () => expect(faultsOf(dashboard)).toEqual([]))

  it('fails the check if it is wrong (control)', () => {
    const broken = structuredClone(dashboard)
    Object.assign(broken.panels[0]!, { type: 'number' })
    expect(faultsOf(broken)).not.toEqual([])
    const misspelled = structuredClone(dashboard)
    Object.assign(misspelled.panels[8]!.options, { tooltips: {} })
    expect(faultsOf(misspelled)).not.toEqual([])
  })
})
