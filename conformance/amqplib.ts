/**
 * The tests of amqplib, the AMQP client of Node, that need a broker: started against `naru serve` on a directory of
 * its own, judged by the list of expected failures. The suite's code stays outside this tree.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { NaruProcess } from '../test/cli/naru-process.ts'
import { expectedFailures } from './amqplib-expected.ts'
import { judge } from './judge.ts'
import { cloneBy, notRun } from './not-run.ts'
import { readTap } from './tap.ts'

const repository = 'https://github.com/amqp-node/amqplib.git'
const version = 'v2.0.1'

/** The files whose tests talk to a broker. */
const FILES = ['channel_api', 'callback_api', 'connect'].map((name) => `test/${name}.test.js`)

/** The suite itself says 1,000; but Node holds whole files to it too, and a machine may do something else besides. */
const testMs = 60_000

async function main(given: string | undefined): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'naru-conformance-'))
  const listen = ['--only', 'amqp', '--amqp', '0']
  const naru = new NaruProcess('naru', ['serve', ...listen, '--dir', join(scratch, 'broker')])
  try {
    const suite = given === undefined ? join(scratch, 'suite') : resolve(given)
    if (given === undefined && !(await cloneBy({ repository, version }, suite))) {
      return notRun(
        `git could not fetch ${version} of ${repository}; name a directory that holds it`,
      )
    }
    const { urls } = await naru.ready()
    const text = await runSuite(suite, new URL(urls.amqp ?? '').port)
    return judge('amqplib', readTap(text), expectedFailures)
  } finally {
    naru.signal('SIGTERM')
    await naru.exit()
    await rm(scratch, { recursive: true, force: true })
  }
}

function runSuite(suite: string, port: string): Promise<string> {
  const redirect = pathToFileURL(join(import.meta.dirname, 'redirect.js')).href
  const options = [
    '--import',
    redirect,
    '--test',
    '--test-reporter=tap',
    `--test-timeout=${testMs}`,
  ]
  return output(process.execPath, [...options, ...FILES], { cwd: suite, port })
}

/** What a program prints; that it fails is for its output to say. */
function output(
  program: string,
  arguments_: readonly string[],
  { cwd, port }: { readonly cwd: string; readonly port: string },
): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(program, arguments_, {
      cwd,
      env: { ...process.env, NARU_PORT: port },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    child.once('error', failed)
    child.once('close', () => done(text))
  })
}

process.exitCode = await main(process.argv[2])
