/**
 * Programs on librdkafka against `naru serve` on a directory of its own: kcat as people use it in shells, and
 * rdkafka_performance to send much. What is not installed is skipped; nothing is fetched.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from '../src/base/assert.ts'
import { NaruProcess } from '../test/cli/naru-process.ts'
import { judge } from './judge.ts'
import type { Outcome } from './tap.ts'

const PERFORMANCE = process.env.RDKAFKA_PERFORMANCE ?? 'rdkafka_performance'
const MANY = 200_000

/** Nothing fails that is not a mistake of ours. */
const expectedFailures: ReadonlyMap<string, string> = new Map()

interface Case {
  readonly name: string
  readonly program: string
  readonly run: (broker: string) => Promise<void>
}

/** What a program printed; null where it is not installed. Rejects where it fails. */
function output(
  program: string,
  args: readonly string[],
  input = '',
): Promise<{ readonly text: string } | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe' })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
    }
    child.once('error', () => resolve(null))
    child.once('close', (code) => {
      if (code === 0) resolve({ text })
      else reject(new Error(`${program} ended with ${code}: ${text.slice(-500)}`))
    })
    child.stdin.on('error', () => {}) // it may not want to know
    child.stdin.end(input)
  })
}

async function kcat(broker: string, args: readonly string[], input = ''): Promise<string> {
  const done = await output('kcat', ['-b', broker, ...args], input)
  assert(done !== null, 'a case runs where its program is')
  return done.text
}

async function performance(broker: string, args: readonly string[]): Promise<string> {
  const count = ['-c', `${MANY}`, '-q']
  const done = await output(PERFORMANCE, ['-b', broker, ...args, ...count])
  assert(done !== null, 'a case runs where its program is')
  return done.text
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index}\n`).join('')
}

const cases: readonly Case[] = [
  {
    name: 'kcat > produces lines and consumes them in order',
    program: 'kcat',
    run: async (broker) => {
      await kcat(broker, ['-P', '-t', 'lines'], lines(1_000))
      const read = await kcat(broker, ['-C', '-q', '-t', 'lines', '-e'])
      assert(read === lines(1_000), 'other lines came back')
    },
  },
  {
    name: 'kcat > lists what there is',
    program: 'kcat',
    run: async (broker) => {
      const listed = await kcat(broker, ['-L'])
      assert(/ 1 brokers:/.test(listed), listed)
      assert(/topic "lines" with 1 partitions/.test(listed), listed)
    },
  },
  {
    name: 'kcat > keys and headers',
    program: 'kcat',
    run: async (broker) => {
      await kcat(broker, ['-P', '-t', 'keys', '-K', ':', '-H', 'h=x'], 'k:v\n')
      const read = await kcat(broker, ['-C', '-q', '-t', 'keys', '-e', '-f', '%k %s %h\n'])
      assert(read === 'k v h=x\n', read)
    },
  },
  {
    name: 'kcat > compressed by each codec',
    program: 'kcat',
    run: async (broker) => {
      for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
        const topic = `codec-${codec}`
        await kcat(broker, ['-P', '-t', topic, '-z', codec], lines(2_000))
        const read = await kcat(broker, ['-C', '-q', '-t', topic, '-e'])
        assert(read === lines(2_000), `${codec}: other lines came back`)
      }
    },
  },
  {
    name: 'kcat > from an offset, from the end, and by time',
    program: 'kcat',
    run: async (broker) => {
      const from = async (offset: string): Promise<string> => {
        return kcat(broker, ['-C', '-q', '-t', 'lines', '-p', '0', '-o', offset, '-e'])
      }
      assert((await from('998')) === '998\n999\n', 'from 998')
      assert((await from('-3')) === '997\n998\n999\n', 'the last three')
      assert((await from('s@1')) === lines(1_000), 'since a time')
      const asked = await kcat(broker, ['-Q', '-t', 'lines:0:1'])
      assert(/lines \[0\] offset 0/.test(asked), asked)
    },
  },
  {
    name: 'kcat > a group goes on where it was',
    program: 'kcat',
    run: async (broker) => {
      const settings = ['-X', 'auto.offset.reset=earliest', '-X', 'session.timeout.ms=6000']
      const group = [...settings, '-q', '-G', 'kcat', 'group', '-c']
      await kcat(broker, ['-P', '-t', 'group'], lines(20))
      const first = await kcat(broker, [...group, '10'])
      const second = await kcat(broker, [...group, '10'])
      assert(first + second === lines(20), `${first} and ${second}`)
    },
  },
  {
    name: 'rdkafka_performance > what is sent with acks of all comes back',
    program: PERFORMANCE,
    run: async (broker) => {
      const place = ['-t', 'much', '-p', '0']
      const produced = await performance(broker, ['-P', ...place, '-s', '100', '-a', '-1'])
      assert(produced.includes(` ${MANY} delivered`), produced)
      const consumed = await performance(broker, ['-C', ...place, '-o', 'beginning'])
      assert(consumed.includes(`% ${MANY} messages`), consumed)
    },
  },
]

async function main(): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'naru-conformance-'))
  const listen = ['--only', 'kafka', '--kafka', '0']
  const naru = new NaruProcess('naru', ['serve', ...listen, '--dir', join(scratch, 'broker')])
  const outcomes: Outcome[] = []
  try {
    const { urls } = await naru.ready()
    for (const { name, program, run } of cases) {
      const there = await output(program, ['-?']).catch(() => ({ text: '' }))
      if (there === null) {
        console.log(`skipped: ${name}: ${program} is not installed`)
        outcomes.push({ name, kind: 'skipped' })
        continue
      }
      try {
        await run(urls.kafka ?? '')
        outcomes.push({ name, kind: 'passed' })
      } catch (error) {
        console.log(`${name}: ${String(error)}`)
        outcomes.push({ name, kind: 'failed' })
      }
    }
    return judge('librdkafka', outcomes, expectedFailures)
  } finally {
    naru.signal('SIGTERM')
    await naru.exit()
    await rm(scratch, { recursive: true, force: true })
  }
}

process.exitCode = await main()
