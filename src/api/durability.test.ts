/** Queues and streams of a program that are more or less durable than their broker. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Broker, type DurabilityMode } from '../mod.ts'

/** Each step on a broker opened anew on the same directory. */
async function restarting(
  durability: DurabilityMode,
  ...steps: readonly ((broker: Broker) => Promise<void>)[]
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'naru-durability-'))
  try {
    for (const step of steps) {
      const broker = await Broker.open({ dir, durability })
      try {
        await step(broker)
      } finally {
        await broker.close()
      }
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

const modes = ['fsync', 'os', 'memory'] as const

test('a queue and a stream say how safe what they take is, and keep saying so', async () => {
  for (const own of ['fsync', 'os'] as const) {
    const look = async (broker: Broker): Promise<void> => {
      for (const durability of modes) {
        const queue = await broker.queue(durability, { durability })
        assert.equal(queue.durability, durability)
        if (durability === 'memory') continue
        assert.equal((await broker.stream(durability, { durability })).durability, durability)
      }
      assert.equal((await broker.queue('own', {})).durability, own)
      assert.equal((await broker.stream('own', {})).durability, own)
      assert.equal((await broker.queue('passing', { durable: false })).durability, 'memory')
    }
    await restarting(own, look, look)
  }
})

test('a queue and a stream without a durability follow the broker that is opened on them', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'naru-durability-'))
  try {
    for (const durability of ['fsync', 'os'] as const) {
      const broker = await Broker.open({ dir, durability })
      assert.equal((await broker.queue('q', {})).durability, durability)
      assert.equal((await broker.stream('s', {})).durability, durability)
      await broker.close()
    }
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('a queue in memory is there after a restart, without its messages', () =>
  restarting(
    'fsync',
    async (broker) => {
      const queue = await broker.queue('seen', { durability: 'memory' })
      await queue.sendMany(['a', 'b'])
      assert.equal(queue.readyCount, 2)
    },
    async (broker) => {
      const queue = await broker.queue('seen')
      assert.deepEqual([queue.durability, queue.readyCount], ['memory', 0])
    },
  ))

test('with another durability a queue differs, and so does a stream that is asked for one', () =>
  restarting('fsync', async (broker) => {
    await broker.queue('q', { durability: 'os' })
    await broker.stream('s', { durability: 'os' })
    await broker.queue('own', {})
    await broker.stream('own', {})
    await assert.rejects(broker.queue('q', {}), {
      code: 'QUEUE_DIFFERS',
      message: /^queue 'q' is there with durability os, not the broker's own; open it/,
    })
    await assert.rejects(broker.queue('own', { durability: 'fsync' }), {
      code: 'QUEUE_DIFFERS',
      message: /^queue 'own' is there with durability the broker's own, not fsync; open it/,
    })
    await assert.rejects(broker.stream('s', { durability: 'fsync' }), {
      code: 'STREAM_DIFFERS',
      message: "stream 's' is there with durability os, not fsync",
    })
    await assert.rejects(broker.stream('own', { durability: 'fsync' }), {
      code: 'STREAM_DIFFERS',
      message: "stream 'own' is there with durability the broker's own, not fsync",
    })
    assert.equal((await broker.stream('s', {})).durability, 'os')
  }))

test('a durability that is none, or cannot be had, is refused with the reason', async () => {
  const broker = await Broker.open()
  for (const durability of ['FSYNC', '', null]) {
    const odd = { durability } as object
    const message = /^durability is one of 'fsync', 'os', 'memory', not '/
    await assert.rejects(broker.queue('q', odd), { code: 'REFUSED', message })
    await assert.rejects(broker.stream('s', odd), { code: 'REFUSED', message })
  }
  const files = (what: string): object => {
    const message = `${what} cannot have durability fsync: this broker has no files`
    return { code: 'REFUSED', message }
  }
  await assert.rejects(broker.queue('q', { durability: 'fsync' }), files("queue 'q'"))
  await assert.rejects(broker.stream('s', { durability: 'fsync' }), files("stream 's'"))
  assert.equal((await broker.queue('q', { durability: 'memory' })).durability, 'memory')
  await broker.close()
  await restarting('os', async (onDisk) => {
    const memory = onDisk.stream('s', { durability: 'memory' })
    await assert.rejects(memory, { code: 'REFUSED', message: /^stream 's' cannot .*offsets/ })
    const passing = onDisk.queue('q', { durable: false, durability: 'os' })
    await assert.rejects(passing, { code: 'REFUSED', message: /^queue 'q' cannot .*not durable/ })
  })
})
