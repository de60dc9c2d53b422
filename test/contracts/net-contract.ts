/**
 * What every Net keeps, the real one and the simulated: run by the test of each. It speaks to the
 * port alone. What a broken network does (resets, losses) is not said here.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MiB } from '../../src/base/bytes.ts'
import type {
  Address,
  Connection,
  Listener,
  Net,
  NetErrorCode,
  Scheduler,
} from '../../src/base/ports.ts'
import { NetError } from '../../src/base/ports.ts'
import { below, SeededRandom } from '../../src/base/random.ts'
import { NetPeer } from './net-peer.ts'

/** A network under test, and the kind of address its laws are checked with. */
export interface NetSubject {
  readonly name: string
  /** Runs `body` to its end, driving whatever must be driven. */
  run(body: (world: NetWorld) => Promise<void>): Promise<void>
}

export interface NetWorld {
  readonly net: Net
  readonly scheduler: Scheduler
  /** An address where nobody listens yet; for TCP its port is 0. */
  freeAddress(): Address
}

type Law = (title: string, body: (world: NetWorld) => Promise<void>) => void

// Far more than the buffers of any system between two ends on one machine.
const FLOOD_BYTES = 64 * MiB

export function netContract(subject: NetSubject): void {
  const law: Law = (title, body) => {
    test(`${subject.name}: ${title}`, () => subject.run(body))
  }
  bytesContract(law)
  endingContract(law)
  destroyingContract(law)
  flowContract(law)
  listeningContract(law)
}

function failsWith(code: NetErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof NetError, `a NetError, not ${String(error)}`)
    assert.equal(error.code, code)
    return true
  }
}

interface Pair {
  readonly listener: Listener
  /** The end that connected, started. */
  readonly client: NetPeer
  /** The end that was accepted, not started yet. */
  readonly accepted: Connection
}

async function openPair(world: NetWorld): Promise<Pair> {
  let accept!: (connection: Connection) => void
  const accepting = new Promise<Connection>((resolve) => {
    accept = resolve
  })
  const listener = await world.net.listen(world.freeAddress(), accept)
  const client = new NetPeer(await world.net.connect(listener.address)).start()
  return { listener, client, accepted: await accepting }
}

/** Gives both ends up and waits until they are closed. */
async function closePair(pair: Pair, ...others: readonly NetPeer[]): Promise<void> {
  pair.accepted.destroy()
  for (const peer of [pair.client, ...others]) {
    peer.connection.destroy()
    await peer.saw('closed')
  }
  await pair.listener.close()
}

/** Some turns, in which nothing is expected to happen. */
async function quietTurns(scheduler: Scheduler): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await new Promise<void>((resolve) => {
      scheduler.soon(resolve)
    })
  }
}

/** Writes until the connection says that it is enough; answers how many bytes that took. */
function flood(connection: Connection): number {
  const chunk = new Uint8Array(64 * 1024)
  for (let size = chunk.length; size <= FLOOD_BYTES; size += chunk.length) {
    if (!connection.write(chunk)) return size
  }
  throw new Error('the connection took everything without a word')
}

function bytesContract(law: Law): void {
  law('bytes arrive whole and in order, both ways, however they were cut', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    const random = new SeededRandom(30)
    const sent = Uint8Array.from({ length: 300_000 }, () => random.u32())
    for (const peer of [pair.client, server]) {
      for (let at = 0; at < sent.length; ) {
        const size = 1 + below(random, 20_000)
        peer.connection.write(sent.subarray(at, at + size))
        at += size
      }
    }
    await Promise.all([pair.client.received(sent.length), server.received(sent.length)])
    assert.deepEqual(pair.client.bytes, sent)
    assert.deepEqual(server.bytes, sent)
    await closePair(pair, server)
  })

  law('nothing is told before the start, and nothing is lost by it', async (world) => {
    const pair = await openPair(world)
    pair.client.send('early')
    pair.client.connection.end()
    await quietTurns(world.scheduler)
    const server = new NetPeer(pair.accepted)
    server.start()
    assert.deepEqual([server.size, server.events], [0, []], 'not within the call either')
    await server.saw('ended')
    assert.equal(server.text, 'early')
    await closePair(pair, server)
  })

  law('corked writes arrive as one run of bytes, in order', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    pair.client.connection.cork()
    for (let index = 0; index < 100; index++) pair.client.send(`${index},`)
    assert.ok(pair.client.connection.pendingBytes > 0, 'held back and counted')
    pair.client.connection.uncork()
    pair.client.send('end')
    const expected = `${Array.from({ length: 100 }, (_, index) => index).join()},end`
    await server.received(expected.length)
    assert.equal(server.text, expected)
    await closePair(pair, server)
  })

  law('an empty write sends nothing and harms nothing', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    pair.client.send('')
    pair.client.send('x')
    await server.received(1)
    assert.equal(server.text, 'x')
    await closePair(pair, server)
  })

  law('both ends know who the other is', async (world) => {
    const pair = await openPair(world)
    assert.ok(pair.client.connection.peer.length > 0)
    assert.ok(pair.accepted.peer.length > 0)
    await closePair(pair)
  })
}

function endingContract(law: Law): void {
  law('one end may stop sending and still receive', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    pair.client.send('question')
    pair.client.connection.end()
    await server.saw('ended')
    assert.equal(server.text, 'question')
    assert.deepEqual(pair.client.events, [])
    server.send('answer')
    server.connection.end()
    await Promise.all([server.saw('closed'), pair.client.saw('closed')])
    assert.equal(pair.client.text, 'answer')
    assert.deepEqual(pair.client.events, ['ended', 'closed'])
    assert.deepEqual(server.events, ['ended', 'closed'])
    assert.deepEqual([pair.client.error, server.error], [null, null])
    await pair.listener.close()
  })

  law('an end sends first what was written before it', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    const size = flood(pair.client.connection)
    pair.client.connection.end()
    await server.saw('ended')
    assert.equal(server.size, size)
    await closePair(pair, server)
  })
}

function destroyingContract(law: Law): void {
  law('a destroyed connection tells both owners once, its own without an error', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    pair.client.connection.destroy()
    pair.client.connection.destroy()
    await Promise.all([pair.client.saw('closed'), server.sawOver()])
    assert.deepEqual(pair.client.events, ['closed'])
    assert.equal(pair.client.error, null)
    server.connection.end()
    await server.saw('closed')
    await closePair(pair, server)
  })

  law('a connection destroyed before its start is closed all the same', async (world) => {
    const pair = await openPair(world)
    pair.accepted.destroy()
    await pair.client.sawOver()
    await quietTurns(world.scheduler)
    const server = new NetPeer(pair.accepted)
    server.start()
    assert.deepEqual(server.events, [], 'not within the call')
    await server.saw('closed')
    assert.deepEqual(server.events, ['closed'])
    await closePair(pair, server)
  })

  law('what is written after the end is dropped without a word', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    pair.client.send('last')
    pair.client.connection.end()
    pair.client.connection.end()
    assert.equal(pair.client.send('too late'), false)
    await server.saw('ended')
    assert.equal(server.text, 'last')
    server.connection.destroy()
    await Promise.all([server.saw('closed'), pair.client.saw('closed')])
    assert.equal(server.send('too late'), false)
    const { connection } = server
    connection.cork()
    connection.uncork()
    connection.pause()
    connection.resume()
    connection.end()
    connection.destroy()
    await quietTurns(world.scheduler)
    assert.deepEqual(pair.client.error, null)
    assert.equal(server.events.at(-1), 'closed')
    await pair.listener.close()
  })
}

function flowContract(law: Law): void {
  law('a reader that pauses slows the writer, and both go on when it resumes', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    server.connection.pause()
    const size = flood(pair.client.connection)
    assert.ok(pair.client.connection.pendingBytes > 0)
    await quietTurns(world.scheduler)
    const sizePaused = server.size
    server.connection.resume()
    await pair.client.saw('drained')
    assert.equal(pair.client.connection.pendingBytes, 0)
    await server.received(size)
    assert.equal(server.size, size)
    assert.ok(sizePaused < size)
    await closePair(pair, server)
  })

  law('a paused connection tells no data until it resumes', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted)
    server.connection.pause()
    server.start()
    pair.client.send('held')
    await quietTurns(world.scheduler)
    assert.equal(server.size, 0)
    server.connection.resume()
    await server.received(4)
    assert.equal(server.text, 'held')
    await closePair(pair, server)
  })

  law('a connection that drained can be filled and drained again', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    let size = 0
    for (let round = 1; round <= 3; round++) {
      size += flood(pair.client.connection)
      await server.received(size)
      await pair.client.saw('drained', round)
      assert.equal(pair.client.connection.pendingBytes, 0)
    }
    await closePair(pair, server)
  })
}

function listeningContract(law: Law): void {
  law('many connections are each their own', async (world) => {
    const servers: NetPeer[] = []
    const listener = await world.net.listen(world.freeAddress(), (connection) => {
      const peer = new NetPeer(connection).start()
      servers.push(peer)
      void peer.saw('ended').then(() => {
        peer.send(peer.text.toUpperCase())
        peer.connection.end()
      })
    })
    const clients = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const peer = new NetPeer(await world.net.connect(listener.address)).start()
        peer.send(`client ${index}`)
        peer.connection.end()
        return peer
      }),
    )
    for (const [index, client] of clients.entries()) {
      await client.saw('closed')
      assert.equal(client.text, `CLIENT ${index}`)
    }
    await Promise.all(servers.map((server) => server.saw('closed')))
    await listener.close()
  })

  law('the address of a listener can be connected to, and not listened on twice', async (world) => {
    const pair = await openPair(world)
    const { address } = pair.listener
    if (address.kind === 'tcp') assert.ok(address.port > 0, 'port 0 is resolved')
    await assert.rejects(
      world.net.listen(address, () => assert.fail('accepted')),
      failsWith('in-use'),
    )
    pair.client.send('still here')
    const server = new NetPeer(pair.accepted).start()
    await server.received(10)
    await closePair(pair, server)
  })

  law('a closed listener accepts nobody, and what it had accepted lives on', async (world) => {
    const pair = await openPair(world)
    const server = new NetPeer(pair.accepted).start()
    const { address } = pair.listener
    await pair.listener.close()
    await pair.listener.close()
    await assert.rejects(world.net.connect(address), failsWith('refused'))
    pair.client.send('alive')
    await server.received(5)
    assert.equal(server.text, 'alive')
    const again = await world.net.listen(address, () => assert.fail('accepted'))
    assert.deepEqual(again.address, address)
    await again.close()
    await closePair(pair, server)
  })
}
