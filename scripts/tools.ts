/** Runs the tools that the package brings along, by Node and by path, so that no shell is needed. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const BINS = {
  attw: '@arethetypeswrong/cli/dist/index.js',
  biome: '@biomejs/biome/bin/biome',
  oxlint: 'oxlint/bin/oxlint',
  publint: 'publint/src/cli.js',
  tsc: 'typescript/bin/tsc',
} as const

/** The command line that runs a tool: what to start, and with which arguments first. */
export function toolCommand(root: string, tool: keyof typeof BINS): [string, string] {
  return [process.execPath, join(root, 'node_modules', BINS[tool])]
}

export interface ToolResult {
  readonly ok: boolean
  readonly output: string
}

/** Runs a command to its end and gives what it wrote. */
export function runTool(root: string, command: readonly string[]): ToolResult {
  const [file = '', ...args] = command
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
  const { status, stdout, stderr, error } = spawnSync(file, args, options)
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` }
}
