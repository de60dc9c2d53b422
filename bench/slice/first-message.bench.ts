/** From a fresh process to the first message: the published bundle is loaded, a broker opened, a message consumed. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from '../../src/base/assert.ts'
import type { Section, Stage } from '../stage.ts'
import { atMost } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'

const PROGRAM = fileURLToPath(new URL('./first-message.js', import.meta.url))
const ROOT = join(import.meta.dirname, '..', '..', '..')
const BUNDLE = join(ROOT, 'dist', 'mod.js')

/** The bundle as it is published, of the sources as they are now. */
async function bundle(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(ROOT, 'build', 'scripts', 'build.js')])
  assert(existsSync(BUNDLE), 'the build made no bundle')
}

async function run(stage: Stage): Promise<void> {
  await bundle()
  await stage.drive(async (section: Section) => {
    while (!section.over(section.acknowledged)) {
      const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, BUNDLE])
      const [body, ms] = stdout.trim().split(' ')
      assert(body === 'world', 'another message came')
      section.latency.record(Number(ms))
      section.acknowledged++
    }
  })
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'first message of a fresh process',
    area: 'slice',
    durability: 'memory',
    unit: 'opens',
    length: { kind: 'operations', warmUp: 3, measured: 30 },
    targets: [atMost('p50Ms', 30)],
    variants: [
      {
        name: 'naru',
        role: 'ours',
        settings: 'latency from the first line of the program to its first message',
        run,
      },
    ],
  }),
]
