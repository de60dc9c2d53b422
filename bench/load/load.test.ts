/** The load client against trivial servers: what it counts, and what it must not count. */
import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Histogram } from '../histogram.ts'
import { Link, LinkLost } from './link.ts'
import { type LoadOptions, runLoad } from './load.ts'
import { OpenLoop } from './pace.ts'
import { repeated } from './source.ts'

const OPERATION_SIZE = 10

interface Peer extends AsyncDisposable {
  readonly port: number
}

async function serve(onSocket: (socket: Socket) => void): Promise<Peer> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const echo = (socket: Socket): void => void socket.pipe(socket)

async function load(peer: Peer, options: Partial<LoadOptions>): Promise<number> {
  await using link = await Link.connect({ kind: 'tcp', host: '127.0.0.1', port: peer.port })
  let bytesBack = 0
  return await runLoad({
    link,
    source: repeated(new Uint8Array(OPERATION_SIZE)),
    acks: (bytes) => {
      bytesBack += bytes.length
      return Math.floor(bytesBack / OPERATION_SIZE)
    },
    window: 100,
    pace: { kind: 'closed' },
    until: countOf(1_000),
    latency: new Histogram(),
    late: new Histogram(),
    ...options,
  })
}

const countOf = (operations: number): LoadOptions['until'] => ({
  operations,
  over: (sent) => sent >= operations,
})

describe('a load client', { timeout: 30_000 }, () => {
  it('counts every operation that was acknowledged, with its latency', async () => {
    await using peer = await serve(echo)
    for (const [window, operations] of [
      [1, 50],
      [7, 1_000],
      [10_000, 100_003],
    ] as const) {
      const latency = new Histogram()
      const acknowledged = await load(peer, { window, until: countOf(operations), latency })
      assert.equal(acknowledged, operations)
      assert.equal(latency.count, operations)
    }
  })

  it('never has more in flight than its window', async () => {
    let answered = 0
    let received = 0
    let receivedMax = 0
    await using peer = await serve((socket) => {
      // Answers only a full window (or the rest): a client that sends less waits for ever.
      socket.on('data', (bytes) => {
        received += bytes.length
        receivedMax = Math.max(receivedMax, received)
        const full = Math.min(64, 200 - answered) * OPERATION_SIZE
        if (received < full) return
        socket.write(new Uint8Array(received))
        answered += received / OPERATION_SIZE
        received = 0
      })
    })
    assert.equal(await load(peer, { window: 64, until: countOf(200) }), 200)
    assert.equal(receivedMax, 64 * OPERATION_SIZE)
  })

  it('waits for what is in flight when time ends the sending', async () => {
    await using peer = await serve(echo)
    let sentAtLast = 0
    const over = (sent: number): boolean => {
      sentAtLast = sent
      return sent >= 45
    }
    const until = { operations: Number.POSITIVE_INFINITY, over }
    const acknowledged = await load(peer, { window: 5, until })
    assert.equal(acknowledged, sentAtLast)
    assert.ok(acknowledged >= 45)
  })

  it('sends in an open loop what fell due, in time or late, and measures from then', async () => {
    await using peer = await serve(echo)
    const latency = new Histogram()
    const late = new Histogram()
    const pace = { kind: 'open', perSecond: 20_000 } as const
    const until = countOf(500)
    assert.equal(await load(peer, { window: 3, pace, until, latency, late }), 500)
    assert.equal(latency.count, 500)
    assert.equal(late.count, 500)
    // An acknowledgement comes after the sending, so no latency quantile lies below the lateness.
    assert.ok(latency.quantileMs(0.5) >= late.quantileMs(0.5))
  })

  it('fails when the peer goes away, and says how much is unacknowledged', async () => {
    await using peer = await serve((socket) => socket.once('data', () => socket.destroy()))
    await assert.rejects(
      load(peer, {}),
      (error) => error instanceof LinkLost && /\d+ operations unacknowledged/.test(error.message),
    )
  })

  it('fails on acknowledgements of what was never sent, or taken back', async () => {
    await using peer = await serve(echo)
    await assert.rejects(load(peer, { acks: () => 1e9 }), /more was acknowledged than sent/)
    const answers = [50, 20]
    const acks = (): number => answers.shift() ?? 0
    await assert.rejects(load(peer, { acks }), /taken back/)
  })

  it('hands what came during the handshake to whoever reads next', async () => {
    await using peer = await serve((socket) => void socket.write('hello'))
    await using link = await Link.connect({ kind: 'tcp', host: '127.0.0.1', port: peer.port })
    const heard = await new Promise<string>((resolve) => {
      link.read((bytes) => resolve(new TextDecoder().decode(bytes)))
    })
    assert.equal(heard, 'hello')
  })
})

describe('an open loop', () => {
  it('counts exactly what is due by then, at any rate', () => {
    const rate = fc.double({ min: 0.1, max: 5e6, noNaN: true })
    const elapsed = fc.double({ min: 0, max: 1e5, noNaN: true })
    fc.assert(
      fc.property(rate, elapsed, (perSecond, elapsedMs) => {
        const loop = new OpenLoop(perSecond)
        const count = loop.dueCount(elapsedMs)
        assert.ok(loop.dueMs(count - 1) <= elapsedMs)
        assert.ok(loop.dueMs(count) > elapsedMs)
      }),
    )
  })

  it('spreads a thousand a second over a thousand milliseconds', () => {
    const loop = new OpenLoop(1_000)
    assert.deepEqual(
      [0, 1, 2, 999].map((sequence) => loop.dueMs(sequence)),
      [0, 1, 2, 999],
    )
    assert.equal(loop.dueCount(0), 1)
    assert.equal(loop.dueCount(1.5), 2)
  })
})
