/**
 * A link against bytes that were broken on purpose: true conversations with bytes changed, lost, doubled and
 * moved. Whatever comes, a link ends with a reason or goes on; it throws nothing, and keeps no more than allowed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Connection, ConnectionHandler } from '../../src/base/ports.ts'
import { below, pick, SeededRandom } from '../../src/base/random.ts'
import { ValueWriter } from '../../src/channels/codec/value.ts'
import type { Ports, Sendable } from '../../src/channels/contract.ts'
import { FRAME, HEAD_SIZE, writeHead } from '../../src/channels/processes/frame.ts'
import { encodeHello, type Hello } from '../../src/channels/processes/hello.ts'
import { Link } from '../../src/channels/processes/link.ts'

const RUNS = 10_000 // about a second

const limits = { windowMessages: 8, windowBytes: 4096, messageBytesMax: 2048, silenceMs: 1000 }
const hello: Hello = { purpose: 'channel', token: '', limits }

/** Tasks run when the test says so; time stands still. */
class StillWorld {
  readonly tasks: (() => void)[] = []
  readonly ports: Ports

  constructor(random: SeededRandom) {
    this.ports = {
      clock: { wallMs: () => 0, monotonicMs: () => 0 },
      random,
      scheduler: {
        soon: (task) => void this.tasks.push(task),
        after: () => ({ cancel: () => {} }),
      },
    }
  }

  run(): void {
    for (const task of this.tasks.splice(0)) task()
  }
}

/** Takes what it is given, and nothing else. */
class DeafConnection implements Connection {
  readonly peer = 'fuzz'
  readonly local = null
  readonly pendingBytes = 0
  handler: ConnectionHandler | null = null
  destroyed = false

  start(handler: ConnectionHandler): void {
    this.handler = handler
  }

  write(): boolean {
    assert.equal(this.destroyed, false, 'written after the end')
    return true
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}

  destroy(): void {
    this.destroyed = true
  }
}

const writer = new ValueWriter()
const values: readonly Sendable[] = [
  'text',
  '한글',
  7,
  1.5,
  null,
  new Uint8Array(300),
  { a: [1, 'b'] },
  new Map([[1, 2n]]),
]

function frame(type: number, body: Uint8Array): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(HEAD_SIZE), body])
  writeHead(bytes, { type, at: 0, end: bytes.length })
  return bytes
}

function valueFrame(value: Sendable): Buffer {
  const bytes = Buffer.alloc(writer.measure(value))
  return frame(FRAME.value, bytes.subarray(0, writer.write(bytes, 0)))
}

function conversation(random: SeededRandom): Buffer {
  const frames = [frame(FRAME.hello, encodeHello(hello))]
  for (let count = below(random, 12); count > 0; count--) {
    const kind = below(random, 12)
    if (kind < 7) frames.push(valueFrame(pick(random, values)))
    else if (kind === 7) frames.push(frame(FRAME.beat, new Uint8Array()))
    else if (kind === 8) frames.push(frame(FRAME.credit, Buffer.alloc(8)))
    else if (kind === 9) frames.push(frame(FRAME.done, Buffer.alloc(4)))
    else if (kind === 10) frames.push(frame(FRAME.leave, new Uint8Array()))
    else frames.push(frame(FRAME.stop, Uint8Array.of(1 + below(random, 2))))
  }
  if (below(random, 3) === 0) frames.push(frame(FRAME.end, new Uint8Array()))
  return Buffer.concat(frames)
}

/** One to four wounds. */
function wound(bytes: Buffer, random: SeededRandom): Buffer {
  let wounded = bytes
  for (let count = 1 + below(random, 4); count > 0; count--) {
    const at = below(random, wounded.length + 1)
    const to = Math.min(wounded.length, at + below(random, 40))
    const [head, middle, tail] = [
      wounded.subarray(0, at),
      wounded.subarray(at, to),
      wounded.subarray(to),
    ]
    const kind = below(random, 5)
    if (kind === 0) wounded = Buffer.concat([head, tail])
    else if (kind === 1) wounded = Buffer.concat([head, middle, middle, tail])
    else if (kind === 2) wounded = Buffer.concat([head, Buffer.from([below(random, 256)]), tail])
    else if (kind === 3) wounded = Buffer.concat([middle, head, tail])
    else {
      wounded = Buffer.from(wounded)
      if (at < wounded.length)
        wounded[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff, below(random, 256)])
    }
  }
  return wounded
}

test('a link bears any bytes: it goes on or ends with a reason, and keeps no more than it allows', () => {
  const memoryBefore = process.memoryUsage().arrayBuffers
  let lost = 0
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = new SeededRandom(seed)
    const world = new StillWorld(random)
    const connection = new DeafConnection()
    const link = new Link({
      ports: world.ports,
      connection,
      hello,
      side: 'listening',
      admit: () => null,
    })
    link.start()
    const bytes = wound(conversation(random), random)
    for (let at = 0; at < bytes.length && !connection.destroyed; ) {
      const end = at + 1 + below(random, bytes.length - at)
      connection.handler?.data(bytes.subarray(at, end))
      at = end
      // One read may bring more than the window at once; then it is the last.
      assert.ok(link.ready <= limits.windowMessages || link.over, `seed ${seed}: too many`)
      if (below(random, 2) === 0) link.receive()
      if (below(random, 4) === 0) link.send(null)
      world.run()
    }
    while (link.receive() !== undefined);
    connection.handler?.closed(null)
    world.run()
    assert.ok(link.over, `seed ${seed}: open without a connection`)
    if (link.failure !== null) lost++
    assert.equal(link.ready, 0)
  }
  assert.ok(lost > RUNS / 2, `only ${lost} of ${RUNS} were noticed`)
  const grown = process.memoryUsage().arrayBuffers - memoryBefore
  assert.ok(grown < 200_000_000, `${grown} bytes more`)
})
