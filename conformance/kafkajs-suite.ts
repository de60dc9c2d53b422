/**
 * The tests of kafkajs that need a broker and nothing that a single plain one cannot have: started against
 * `naru serve` on a directory of its own, judged by the list of expected failures. Its code stays outside this tree.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { NaruProcess } from '../test/cli/naru-process.ts'
import { judge } from './judge.ts'
import { expectedFailures } from './kafkajs-suite-expected.ts'
import { cloneBy, fetchBy, notRun } from './not-run.ts'
import type { Outcome } from './tap.ts'

const repository = 'https://github.com/tulios/kafkajs.git'
const version = 'v2.2.4'

/** Where the suite takes three plain brokers for granted; those with TLS are not there. */
const PORTS = '9092,9095,9098'
/** The version of Kafka that it is told, which decides what it tries. */
const KAFKA_VERSION = '2.4'

/** Files about what this broker has; beside them are transactions, permissions, TLS, logins, reassignments. */
const files: readonly string[] = [
  ...['createTopics', 'deleteTopics', 'describeCluster', 'describeGroups', 'fetchOffsets'],
  ...['fetchTopicMetadata', 'fetchTopicOffsets', 'fetchTopicOffsetsByTimestamp', 'listGroups'],
  ...['listTopics', 'resetOffsets', 'setOffsets'],
]
  .map((name) => `src/admin/__tests__/${name}.spec.js`)
  .concat(
    [
      ...['apiVersions', 'createTopics', 'deleteTopics', 'describeGroups', 'fetch'],
      ...['findGroupCoordinator', 'heartbeat', 'joinGroup', 'leaveGroup', 'listOffsets'],
      ...['metadata', 'offsetCommit', 'offsetFetch', 'produce', 'syncGroup'],
    ].map((name) => `src/broker/__tests__/${name}.spec.js`),
    ['src/cluster/__tests__/'],
    [
      ...['assignmentForUnsubscribedTopic', 'batch', 'commitOffsets', 'consumeMessages'],
      ...['consumerGroup', 'describeGroup', 'emptyAssignment', 'errorRecovery'],
      ...['handlerErrorRecovery', 'index', 'misconfiguration', 'pause', 'seek', 'subscribe'],
    ].map((name) => `src/consumer/__tests__/${name}.spec.js`),
    ['src/producer/__tests__/producingToInvalidTopic.spec.js'],
  )

/** What jest writes with --json, as far as it is read. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

async function main(given: string | undefined): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'naru-conformance-'))
  const listen = ['--only', 'kafka', '--kafka', '0']
  const naru = new NaruProcess('naru', ['serve', ...listen, '--dir', join(scratch, 'broker')])
  try {
    const suite = given === undefined ? join(scratch, 'suite') : resolve(given)
    if (given === undefined && !(await fetched(suite))) {
      return notRun(
        `git or npm could not fetch ${version} of kafkajs; name a directory that holds it`,
      )
    }
    const { urls } = await naru.ready()
    const port = urls.kafka?.split(':').at(-1) ?? ''
    const report = join(scratch, 'report.json')
    await runSuite(suite, port, report)
    const outcomes = outcomesOf(JSON.parse(await readFile(report, 'utf8')) as Report, suite)
    return judge('kafkajs-suite', outcomes, expectedFailures)
  } finally {
    naru.signal('SIGTERM')
    await naru.exit()
    await rm(scratch, { recursive: true, force: true })
  }
}

async function fetched(directory: string): Promise<boolean> {
  if (!(await cloneBy({ repository, version }, directory))) return false
  return fetchBy('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], directory)
}

async function runSuite(suite: string, port: string, report: string): Promise<void> {
  const redirect = pathToFileURL(join(import.meta.dirname, 'redirect.js')).href
  const jest = join(suite, 'node_modules', 'jest', 'bin', 'jest.js')
  const options = ['--runInBand', '--forceExit', '--silent', '--reporters=default']
  await run(process.execPath, [jest, ...options, '--json', `--outputFile=${report}`, ...files], {
    cwd: suite,
    env: {
      NODE_OPTIONS: `--import=${redirect}`,
      ...{ NARU_PORT: port, NARU_TAKEN: PORTS, KAFKA_VERSION, NODE_ENV: 'test' },
    },
  })
}

/** That it fails is for its output to say. */
function run(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<void> {
  return new Promise((done, failed) => {
    const stdio = ['ignore', 'ignore', 'ignore'] as const
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: [...stdio] })
    child.once('error', failed)
    child.once('close', () => done())
  })
}

function outcomesOf({ testResults }: Report, suite: string): Outcome[] {
  return testResults.flatMap(({ name: path, assertionResults }) => {
    const file = path.slice(suite.length + 1).replace(/^src\/|\/__tests__|\.spec\.js$/g, '')
    return assertionResults.map(({ fullName, status, failureMessages }) => {
      const name = `${file} > ${fullName}`
      if (status !== 'passed' && status !== 'failed') return { name, kind: 'skipped' } as const
      const [why = ''] = failureMessages
      if (status === 'failed' && !expectedFailures.has(name)) console.log(`${name}: ${why}`)
      return { name, kind: status }
    })
  })
}

process.exitCode = await main(process.argv[2])
