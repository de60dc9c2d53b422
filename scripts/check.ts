/**
 * `npm run check`: everything a change must pass, one step after the other, each timed. It stops at
 * the first step that fails and says which. It is bundled before it runs, because one of its steps
 * is whether the project compiles at all.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runTool, type ToolResult, toolCommand } from './tools.ts'

const USAGE = `usage: npm run check -- [--without STEP]...
  --without STEP   leave a step out (may be given again)`

interface Step {
  readonly name: string
  readonly run: () => boolean
}

const root = process.cwd()

/** The folders that hold TypeScript. Linters are told, so that planted code is not linted. */
const FOLDERS = ['src', 'test', 'bench', 'scripts', 'examples']

/** Runs a command with its output shown as it comes. */
function show(...command: readonly string[]): boolean {
  const [file = '', ...args] = command
  return spawnSync(file, args, { cwd: root, stdio: 'inherit' }).status === 0
}

/** Runs a command and shows its output only where it fails. */
function quiet(...command: readonly string[]): boolean {
  return tell(runTool(root, command))
}

function tell(result: ToolResult): boolean {
  if (!result.ok) console.log(result.output.trimEnd())
  return result.ok
}

function runTests(...args: readonly string[]): boolean {
  return show(process.execPath, join(root, 'build', 'scripts', 'test.js'), ...args)
}

/** Packs what would be published and asks two linters of packages what a user would meet. */
function lintPackage(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'naru-pack-'))
  try {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    if (!quiet(npm, 'pack', '--ignore-scripts', '--pack-destination', folder)) return false
    const tarball = join(folder, readdirSync(folder)[0] ?? '')
    return (
      quiet(...toolCommand(root, 'publint'), '--strict', tarball) &&
      quiet(...toolCommand(root, 'attw'), tarball, '--profile', 'esm-only')
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const biome = toolCommand(root, 'biome')
const present = readdirSync(root).filter((name) => FOLDERS.includes(name))
const oxlint = [...toolCommand(root, 'oxlint'), '--ignore-pattern=**/fixtures/**', ...present]

const steps: readonly Step[] = [
  { name: 'format', run: () => quiet(...biome, 'format') },
  { name: 'lint', run: () => quiet(...biome, 'lint', '--error-on-warnings') && quiet(...oxlint) },
  { name: 'typecheck', run: () => quiet(...toolCommand(root, 'tsc'), '-p', 'tsconfig.json') },
  { name: 'build', run: () => show(process.execPath, join(root, 'build', 'scripts', 'build.js')) },
  { name: 'tidy', run: () => runTests('--world', 'tidy') },
  { name: 'test', run: () => runTests() },
  { name: 'package', run: lintPackage },
]

function main(): number {
  const { values } = parseArgs({
    options: {
      without: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = values.without.filter((name) => !steps.some((step) => step.name === name))
  if (values.help || unknown.length > 0) {
    console.log(USAGE)
    console.log(`  steps: ${steps.map((step) => step.name).join(', ')}`)
    return values.help ? 0 : 1
  }
  for (const step of steps) {
    if (values.without.includes(step.name)) continue
    const startedMs = performance.now()
    const ok = step.run()
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    console.log(`check: ${step.name.padEnd(10)}${ok ? 'ok' : 'FAILED'}  ${seconds} s`)
    if (!ok) {
      console.log(`check: stopped at '${step.name}', which failed`)
      return 1
    }
  }
  return 0
}

process.exitCode = main()
