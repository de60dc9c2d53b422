/** What a simulated network adds to a real one: conditions, breakage, witnesses, and the same again from a seed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Address, Connection } from '../../src/base/ports.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { NetPeer } from '../contracts/net-peer.ts'
import { SimClock } from './sim-clock.ts'
import { CALM, drawConditions, type SimLink, SimNetwork } from './sim-net.ts'
import { SimScheduler } from './sim-scheduler.ts'
import type { NetConditions } from './sim-wire.ts'
import { Stuck } from './turn.ts'

const ADDRESS: Address = { kind: 'tcp', host: '127.0.0.1', port: 7110 }

interface Scene {
  readonly clock: SimClock
  readonly scheduler: SimScheduler
  readonly network: SimNetwork
  readonly link: SimLink
  readonly client: NetPeer
  readonly server: NetPeer
}

/** Two hosts and one connection between them, both ends started. */
async function withScene(
  body: (scene: Scene) => Promise<void>,
  options: { seed?: number; conditions?: (random: SeededRandom) => NetConditions } = {},
): Promise<{ scheduler: SimScheduler }> {
  const clock = new SimClock()
  const random = new SeededRandom(options.seed ?? 0)
  const scheduler = new SimScheduler({ clock, random })
  const conditions = options.conditions ?? (() => CALM)
  const network = new SimNetwork({ clock, scheduler, random, conditions: () => conditions(random) })
  await scheduler.run(async () => {
    const servers: Connection[] = []
    const listener = await network.host('server').listen(ADDRESS, (made) => servers.push(made))
    const client = new NetPeer(await network.host('client').connect(ADDRESS)).start()
    const [link, accepted] = [network.links[0], servers[0]]
    assert.ok(link !== undefined && accepted !== undefined)
    const server = new NetPeer(accepted).start()
    await body({ clock, scheduler, network, link, client, server })
    await listener.close()
  })
  return { scheduler }
}

test('the same seed brings the same pieces at the same times, whatever the conditions', async () => {
  const story = async (seed: number): Promise<string[]> => {
    const heard: string[] = []
    const { scheduler } = await withScene(
      async ({ clock, network, client, server }) => {
        network.observe({
          delivered: ({ side }, { length }) =>
            heard.push(`${clock.monotonicMs()} ${side} ${length}`),
        })
        client.connection.write(new Uint8Array(2_000).fill(1))
        server.connection.write(new Uint8Array(300).fill(2))
        await Promise.all([server.received(2_000), client.received(300)])
      },
      { seed, conditions: drawConditions },
    )
    return [...heard, String(scheduler.traceHash)]
  }
  const distinct = new Set<string>()
  for (let seed = 0; seed < 30; seed++) {
    const heard = await story(seed)
    assert.deepEqual(await story(seed), heard)
    distinct.add(heard.join())
  }
  assert.equal(distinct.size, 30)
})

test('bytes take the time that latency and bandwidth make them take', async () => {
  const conditions = { ...CALM, latencyMsMin: 10, latencyMsMax: 10, bytesPerSecond: 1_000_000 }
  await withScene(
    async ({ clock, client, server }) => {
      const startMs = clock.monotonicMs()
      client.connection.write(new Uint8Array(50_000))
      await server.received(50_000)
      const tookMs = clock.monotonicMs() - startMs
      assert.ok(tookMs >= 60 && tookMs < 61, `${tookMs} ms`)
    },
    { conditions: () => conditions },
  )
})

test('a reader that never reads holds the writer to the window and its own buffer', async () => {
  await withScene(async ({ scheduler, client, server }) => {
    server.connection.pause()
    let size = 0
    const chunk = new Uint8Array(10_000)
    do size += chunk.length
    while (client.connection.write(chunk))
    await new Promise<void>((resolve) => {
      scheduler.after(60_000, resolve)
    })
    for (let more = 0; more < 20; more++) client.connection.write(chunk)
    size += 20 * chunk.length
    await new Promise<void>((resolve) => {
      scheduler.after(60_000, resolve)
    })
    assert.equal(server.size, 0)
    assert.equal(client.connection.pendingBytes, Math.max(0, size - CALM.windowBytes))
    server.connection.resume()
    await server.received(size)
    assert.equal(client.connection.pendingBytes, 0)
  })
})

test('a dead peer is silence: nothing arrives, nothing is told, and later all of it', async () => {
  await withScene(async ({ scheduler, link, client, server }) => {
    link.stall()
    client.send('lost?')
    client.connection.end()
    await new Promise<void>((resolve) => {
      scheduler.after(3_600_000, resolve)
    })
    assert.deepEqual([server.size, server.events, client.events], [0, [], []])
    link.unstall()
    await server.saw('ended')
    assert.equal(server.text, 'lost?')
  })
})

test('a stall may be one-sided', async () => {
  await withScene(async ({ link, client, server }) => {
    link.stall('to-client')
    client.send('heard')
    server.send('unheard')
    await server.received(5)
    assert.equal(client.size, 0)
  })
})

test('who waits for a dead peer without a timer waits for ever, and the run says so', async () => {
  const waiting = withScene(async ({ link, client, server }) => {
    link.stall()
    client.send('hello')
    await server.received(5)
  })
  await assert.rejects(waiting, Stuck)
})

test('a reset tells both ends once, and what was under way is lost', async () => {
  await withScene(async ({ link, client, server }) => {
    client.send('under way')
    link.reset()
    await Promise.all([client.saw('closed'), server.saw('closed')])
    for (const peer of [client, server]) {
      assert.equal((peer.error as { code?: string } | null)?.code, 'reset')
      assert.deepEqual([peer.events, peer.size], [['closed'], 0])
    }
    assert.ok(link.isOver)
  })
})

test('who destroys with unread bytes resets the peer, and so does who is written to when gone', async () => {
  await withScene(async ({ scheduler, client, server }) => {
    server.connection.pause()
    client.send('unread')
    await new Promise<void>((resolve) => {
      scheduler.after(10, resolve)
    })
    server.connection.destroy()
    await client.saw('closed')
    assert.equal((client.error as { code?: string } | null)?.code, 'reset')
  })
  await withScene(async ({ client, server }) => {
    server.connection.destroy()
    await client.saw('ended')
    client.send('too late')
    await client.saw('closed')
    assert.equal((client.error as { code?: string } | null)?.code, 'reset')
  })
})

test('bytes that are kept without a copy are spoiled', async () => {
  const clock = new SimClock()
  const scheduler = new SimScheduler({ clock })
  const network = new SimNetwork({ clock, scheduler, random: new SeededRandom(0) })
  await scheduler.run(async () => {
    const kept: Uint8Array[] = []
    await network.host('server').listen(ADDRESS, (connection) => {
      connection.start({
        data: (bytes) => kept.push(bytes),
        ended: () => undefined,
        drained: () => undefined,
        closed: () => undefined,
      })
    })
    const client = await network.host('client').connect(ADDRESS)
    client.write(new Uint8Array(10).fill(1))
    await new Promise<void>((resolve) => {
      scheduler.after(10, resolve)
    })
    assert.ok(kept.length > 0 && kept.every((bytes) => bytes.every((byte) => byte === 0xdb)))
  })
})

test('bytes that are changed before they left leave changed', async () => {
  await withScene(async ({ client, server }) => {
    const bytes = new Uint8Array([1, 2, 3])
    client.connection.write(bytes)
    bytes.fill(9)
    await server.received(3)
    assert.deepEqual([...server.bytes], [9, 9, 9])
  })
})

test('witnesses see what is written, then sent, then delivered, and by whom', async () => {
  await withScene(async ({ network, client, server }) => {
    const seen: string[] = []
    network.observe({
      written: ({ host, side, link }, { length }) =>
        seen.push(`${host} (${side} of ${link}) wrote ${length}`),
      sent: ({ host }) => seen.push(`${host} sent`),
      delivered: ({ host }) => seen.push(`${host} was handed`),
    })
    client.send('x')
    await server.received(1)
    assert.deepEqual(seen, ['client (client of 1) wrote 1', 'client sent', 'server was handed'])
  })
})

test('a killed program hears nothing more; its peers see the end, or silence if the machine died', async () => {
  for (const manner of ['ended', 'silent'] as const) {
    const clock = new SimClock()
    const scheduler = new SimScheduler({ clock })
    const network = new SimNetwork({ clock, scheduler, random: new SeededRandom(0) })
    await scheduler.run(async () => {
      const host = network.host('server')
      const servers: NetPeer[] = []
      await host.listen(ADDRESS, (connection) => servers.push(new NetPeer(connection).start()))
      const client = new NetPeer(await network.host('client').connect(ADDRESS)).start()
      host.die(manner)
      client.send('anybody?')
      await new Promise<void>((resolve) => {
        scheduler.after(60_000, resolve)
      })
      assert.deepEqual([servers[0]?.events, servers[0]?.size], [[], 0])
      assert.deepEqual(client.events.slice(-1), manner === 'ended' ? ['closed'] : [])
      await assert.rejects(network.host('client').connect(ADDRESS), { code: 'refused' })
      await network.host('server, again').listen(ADDRESS, () => undefined)
    })
  }
})
