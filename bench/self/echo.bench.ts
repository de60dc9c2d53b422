/**
 * The load client against an echo server in a process of its own: shows what the client, the socket and the
 * probes cost before any broker is in between.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Address } from '../../src/base/ports.ts'
import { Histogram } from '../histogram.ts'
import { Link } from '../load/link.ts'
import { runLoad } from '../load/load.ts'
import type { Pace } from '../load/pace.ts'
import { repeated } from '../load/source.ts'
import { startNodeServer } from '../server.ts'
import type { Stage } from '../stage.ts'
import { p99AtMostMs } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'

const PAYLOAD_BYTES = 100
const ECHO = fileURLToPath(new URL('../load/echo.js', import.meta.url))

async function runEcho(stage: Stage, kind: Address['kind'], pace: Pace): Promise<void> {
  const place = kind === 'unix' ? join(stage.directory, 'echo.sock') : '0'
  await using server = await startNodeServer({ args: [ECHO, place], ready: /^ready (.+)$/m })
  stage.watch(server.probe, 'server')
  const address: Address =
    kind === 'unix'
      ? { kind, path: place }
      : { kind, host: '127.0.0.1', port: Number(server.ready[1]) }
  const source = repeated(new Uint8Array(stage.payloadBytes).fill(97))
  await stage.drive(async (section) => {
    await using link = await Link.connect(address)
    let bytesBack = 0
    section.acknowledged += await runLoad({
      link,
      source,
      acks: (bytes) => {
        bytesBack += bytes.length
        return Math.floor(bytesBack / stage.payloadBytes)
      },
      window: stage.inFlight,
      pace,
      until: section,
      latency: section.latency,
      late: new Histogram(),
    })
  })
}

const length = { kind: 'seconds', warmUp: 0.5, measured: 1 } as const // enough for a socket
const closed: Pace = { kind: 'closed' }
const steady: Pace = { kind: 'open', perSecond: 5_000 } // far below what an echo can do

export const workloads: readonly Workload[] = [
  ...[1, 1_000].map((inFlight) =>
    defineWorkload({
      name: `echo, window ${inFlight}`,
      area: 'self',
      durability: 'none',
      unit: 'msgs',
      payloadBytes: PAYLOAD_BYTES,
      inFlight,
      length,
      variants: [
        { name: 'tcp', role: 'ours', run: (stage) => runEcho(stage, 'tcp', closed) },
        { name: 'unix', role: 'yardstick', run: (stage) => runEcho(stage, 'unix', closed) },
      ],
    }),
  ),
  defineWorkload({
    name: 'echo, 5,000 a second',
    area: 'self',
    durability: 'none',
    unit: 'msgs',
    payloadBytes: PAYLOAD_BYTES,
    inFlight: 1_000,
    length,
    targets: [p99AtMostMs(20)],
    variants: [{ name: 'tcp', role: 'ours', run: (stage) => runEcho(stage, 'tcp', steady) }],
  }),
]
