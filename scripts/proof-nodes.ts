/**
 * The proof `nodes`: runs all compiled tests on the other versions of Node that the package supports.
 * Each version comes from the package registry, as a plain binary, into a folder outside the project.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The lines that are tested beside the one that everything is developed on. */
const VERSIONS = ['22', '24', '26']

const root = join(import.meta.dirname, '..', '..')

/** How a proof says that it could not be run here. */
const NOT_RUN = 3

/** The package that holds nothing but Node's binary for this system. */
const PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

/** Installs one version and gives the path of its binary; null where it cannot be had. */
function install(version: string): string | null {
  const folder = join(tmpdir(), `naru-node-${version}`)
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const binary = join(folder, 'node_modules', PACKAGE, 'bin', name)
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder]
  spawnSync(npm, [...args, `${PACKAGE}@${version}`], { cwd: folder, stdio: 'inherit' })
  return existsSync(binary) ? binary : null
}

function main(): number {
  const told: string[] = []
  let failedCount = 0
  let missingCount = 0
  for (const version of VERSIONS) {
    const binary = install(version)
    if (binary === null) {
      missingCount += 1
      told.push(`Node ${version} not to be had as ${PACKAGE}`)
      continue
    }
    const args = [join(root, 'build', 'scripts', 'test.js')]
    const { status } = spawnSync(binary, args, { cwd: root, stdio: 'inherit' })
    if (status !== 0) failedCount += 1
    told.push(`Node ${version} ${status === 0 ? 'passed' : 'failed'}`)
  }
  console.log(told.join(', '))
  if (failedCount > 0) return 1
  return missingCount > 0 ? NOT_RUN : 0
}

process.exitCode = main()
