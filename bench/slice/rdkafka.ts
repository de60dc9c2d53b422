/**
 * Runs rdkafka_performance, librdkafka's own load program, against a broker and believes its count of what was
 * delivered. It is looked for in RDKAFKA_PERFORMANCE and on the PATH; how to build it: docs/benchmarks.md.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { BadAnswer, type UsageReport } from '../protocol.ts'
import { cpuSecondsOfChildrenInStat, type Probe } from '../usage.ts'
import type { Finding } from '../workload.ts'

const PROGRAM = 'rdkafka_performance'
const LINGER_MS = 5 // the library's own default
const OUTPUT_LENGTH_MAX = 64 * 1024 // its last lines count; errors repeat without end

const program: string = process.env.RDKAFKA_PERFORMANCE ?? PROGRAM

export async function findRdkafka(): Promise<Finding> {
  const { output } = await outputOf(['-?']) // there is no option for it: the usage has the version
  const version = output.match(/librdkafka version (\S+)/)?.[1]
  if (version !== undefined) return { kind: 'found', version: `librdkafka ${version}` }
  const why = `${PROGRAM} is neither on the PATH nor named by RDKAFKA_PERFORMANCE`
  return { kind: 'absent', why }
}

export type RdkafkaPlace = {
  readonly port: number
  readonly topic: string
}

/** What the program says of itself. Its own seconds leave out its start, and its end. */
export type RdkafkaClaim = {
  readonly count: number
  readonly perSecond: number
}

/** Sends to partition 0 with acks=all; resolves when all was delivered. */
export async function rdkafkaProduce(
  place: RdkafkaPlace,
  { count, bodyBytes }: { readonly count: number; readonly bodyBytes: number },
): Promise<RdkafkaClaim> {
  // The program's own second would be the wait of the last batch for more.
  const linger = ['-X', `linger.ms=${LINGER_MS}`]
  const args = ['-P', ...common(place, count), '-s', `${bodyBytes}`, '-a', '-1', ...linger]
  return claimed(await outputOf(args), / (\d+) delivered .* in (\d+)ms: /, count)
}

/** Consumes partition 0 from its beginning. */
export async function rdkafkaConsume(place: RdkafkaPlace, count: number): Promise<RdkafkaClaim> {
  const args = ['-C', ...common(place, count), '-o', 'beginning']
  return claimed(await outputOf(args), /^% (\d+) messages .* consumed in (\d+)ms: /m, count)
}

/** What children that have ended used, of this process: the program, once it is done. Linux only. */
export function endedChildrenProbe(): Probe {
  let before: number | null = null
  return {
    begin: async () => {
      before = cpuSecondsOfChildren()
    },
    end: async (): Promise<UsageReport> => {
      const after = cpuSecondsOfChildren()
      const cpuSeconds = after === null || before === null ? null : after - before
      return { cpuSeconds, peakRssBytes: null, loop: null }
    },
  }
}

function common({ port, topic }: RdkafkaPlace, count: number): readonly string[] {
  return ['-t', topic, '-p', '0', '-b', `127.0.0.1:${port}`, '-c', `${count}`, '-q']
}

type Ended = { readonly output: string; readonly code: number | null }

async function outputOf(args: readonly string[]): Promise<Ended> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_LENGTH_MAX)
    })
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return { output, code }
  } catch {
    return { output, code: null } // it is not there
  }
}

function claimed({ output, code }: Ended, pattern: RegExp, expected: number): RdkafkaClaim {
  const line = output.match(pattern)
  const [count, ms] = [Number(line?.[1]), Number(line?.[2])]
  if (code === 0 && count >= expected && ms > 0) return { count, perSecond: (count / ms) * 1e3 }
  const tail = output.slice(-500).trim() // enough to see why
  throw new BadAnswer(`${PROGRAM} ended with ${code}, ${count} of ${expected}: ${tail}`)
}

function cpuSecondsOfChildren(): number | null {
  try {
    return cpuSecondsOfChildrenInStat(readFileSync('/proc/self/stat', 'utf8'))
  } catch {
    return null // no /proc here
  }
}
