/**
 * Drives kafkajs, as it is released, against `naru serve` on a directory of its own: what a program does with it,
 * case by case, judged by the list of expected failures. The client's code stays outside this tree.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { NaruProcess } from '../test/cli/naru-process.ts'
import { judge } from './judge.ts'
import { adminCases } from './kafkajs-admin-cases.ts'
import { clientCases } from './kafkajs-cases.ts'
import { expectedFailures } from './kafkajs-expected.ts'
import { Setting } from './kafkajs-setting.ts'
import type { KafkajsModule } from './kafkajs-types.ts'
import type { Outcome } from './tap.ts'

const PACKAGE = 'kafkajs@2.2.4'

async function main(given: string | undefined): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'naru-conformance-'))
  const listen = ['--only', 'kafka', '--kafka', '0']
  const naru = new NaruProcess('naru', ['serve', ...listen, '--dir', join(scratch, 'broker')])
  try {
    const directory = given === undefined ? await fetched(scratch) : resolve(given)
    const module = createRequire(import.meta.url)(directory) as KafkajsModule
    const { urls } = await naru.ready()
    return judge('kafkajs', await runCases(module, urls.kafka ?? ''), expectedFailures)
  } finally {
    naru.signal('SIGTERM')
    await naru.exit()
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Unpacks the package as the registry has it: it needs no other. */
async function fetched(directory: string): Promise<string> {
  const run = promisify(execFile)
  const { stdout } = await run('npm', ['pack', '--silent', PACKAGE], { cwd: directory })
  await run('tar', ['-xzf', stdout.trim()], { cwd: directory })
  return join(directory, 'package')
}

async function runCases(module: KafkajsModule, broker: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const [index, { name, run }] of [...clientCases, ...adminCases].entries()) {
    const kafka = new module.Kafka({
      clientId: 'naru-conformance',
      brokers: [broker],
      logLevel: module.logLevel.NOTHING,
      retry: { retries: 2, initialRetryTime: 100 },
    })
    const setting = new Setting(kafka, module, `${index}`)
    try {
      await run(setting)
      outcomes.push({ name, kind: 'passed' })
    } catch (error) {
      outcomes.push({ name, kind: 'failed' })
      if (!expectedFailures.has(name)) console.log(`${name}: ${String(error)}`)
    } finally {
      await setting.close().catch(() => {}) // a client that failed may not be able to say goodbye
    }
  }
  return outcomes
}

process.exitCode = await main(process.argv[2])
