/**
 * Builds rdkafka_performance where there is none: fetches the source of librdkafka as the npm package node-rdkafka
 * carries it, into a directory outside this tree, and compiles that one program. Needs a C compiler and make.
 */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const PACKAGE = 'node-rdkafka@3.6.1' // librdkafka 2.12.0

/** What no benchmark on the loopback needs, and not every machine has. */
const WITHOUT = ['ssl', 'gssapi', 'curl', 'zstd', 'lz4-ext'].map((name) => `--disable-${name}`)

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024 // of a compiler that warns a lot

const [given] = process.argv.slice(2)
if (given === undefined) {
  console.error('usage: node build/bench/slice/build-rdkafka.js DIRECTORY')
  process.exit(2)
}
const directory = resolve(given)
const source = join(directory, 'package', 'deps', 'librdkafka')
const examples = join(source, 'examples')

async function run(cwd: string, program: string, ...args: readonly string[]): Promise<string> {
  const options = { cwd, maxBuffer: OUTPUT_BYTES_MAX }
  const { stdout } = await promisify(execFile)(program, args, options)
  return stdout.trim()
}

await mkdir(directory, { recursive: true })
const archive = await run(directory, 'npm', 'pack', '--silent', PACKAGE)
await run(directory, 'tar', '-xzf', archive)
await run(source, join(source, 'configure'), ...WITHOUT)
await run(join(source, 'src'), 'make', 'librdkafka.a')
await run(examples, 'make', 'rdkafka_performance')
console.log(`RDKAFKA_PERFORMANCE=${join(examples, 'rdkafka_performance')}`)
