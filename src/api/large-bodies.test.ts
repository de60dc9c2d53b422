/** Bodies over 256 KiB through the embedded broker: as they were sent, in their place, and there after a restart. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Broker } from '../mod.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** No two stretches of it are the same. */
function bytesOfSize(size: number, mark: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const words = new Uint32Array(bytes.buffer, 0, Math.floor(size / 4))
  for (let at = 0; at < words.length; at++) words[at] = Math.imul(at + mark, 2_654_435_761)
  return bytes
}

async function inMemory(use: (broker: Broker) => Promise<void>): Promise<void> {
  const broker = await Broker.open()
  try {
    await use(broker)
  } finally {
    await broker.close()
  }
}

async function inDirectory(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'naru-large-'))
  try {
    await use(dir)
  } finally {
    await rm(dir, { recursive: true })
  }
}

const sizes = [256 * KiB, 256 * KiB + 1, MiB, 20 * MiB]

test('bodies of any size come out as they went in, in their order', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue<Uint8Array>('jobs', {})
    const bodies = sizes.flatMap((size) => [bytesOfSize(size, size), bytesOfSize(9, size)])
    await jobs.sendMany(bodies)
    const consumption = jobs.consume()
    for (const body of bodies) {
      const { value } = await consumption.next()
      assert(Buffer.from(body).equals(value!.bytes), `a body of ${body.length} bytes differs`)
      value!.ack()
    }
    await consumption.close()
  }))

test('a large text and a large value come out as what they were', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue('jobs', {})
    const text = 'größer '.repeat(60_000)
    const value = { list: Array.from({ length: 60_000 }, (_, index) => index) }
    await jobs.send(text)
    await jobs.send(value, { persistence: 'transient' })
    const consumption = jobs.consume()
    const first = (await consumption.next()).value
    assert.equal(first?.body, text)
    const second = (await consumption.next()).value
    assert.deepEqual(second?.body, value)
    await consumption.close()
  }))

test('what is sent behind a large body comes behind it, though nobody waited in between', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue<Uint8Array>('jobs', {})
    const sent = [5, 3 * MiB, 6, 300 * KiB, 7].map((size) => bytesOfSize(size, 1))
    await Promise.all(sent.map((body) => jobs.send(body)))
    const got: number[] = []
    for await (const { messages } of jobs.consumeBatches()) {
      for (const message of messages) {
        got.push(message.bytes.length)
        message.ack()
      }
      if (got.length === sent.length) break
    }
    assert.deepEqual(
      got,
      sent.map(({ length }) => length),
    )
  }))

test('large bodies are there after a restart, and their space comes back when they are settled', () =>
  inDirectory(async (dir) => {
    const bodies = sizes.map((size) => bytesOfSize(size, 7))
    const before = await Broker.open({ dir })
    const jobs = await before.queue<Uint8Array>('jobs', {})
    await jobs.sendMany(bodies)
    await jobs.send(bytesOfSize(MiB, 1), { persistence: 'transient' })
    await before.close()
    for (const settles of ['reads', 'settles'] as const) {
      const broker = await Broker.open({ dir })
      const again = await broker.queue<Uint8Array>('jobs')
      assert.equal(again.readyCount, bodies.length)
      const consumption = again.consume()
      for (const body of bodies) {
        const { value } = await consumption.next()
        assert(Buffer.from(body).equals(value!.bytes), `a body of ${body.length} bytes differs`)
        if (settles === 'settles') value!.ack()
      }
      await consumption.close()
      await broker.close()
    }
    const empty = await Broker.open({ dir })
    assert.equal((await empty.queue('jobs')).readyCount, 0)
    await empty.close()
  }))

test('while the largest body there may be is on its way, what others send is safe long before it', () =>
  inDirectory(async (dir) => {
    const broker = await Broker.open({ dir })
    const jobs = await broker.queue<Uint8Array>('jobs', {})
    const others = await broker.queue<string>('others', {})
    const largest = bytesOfSize(128 * MiB, 5)
    let isSafe: boolean = false
    const sending = jobs.send(largest).then(() => {
      isSafe = true
    })
    let before = 0
    while (!isSafe) {
      await others.send('small')
      if (!isSafe) before++
    }
    await sending
    // Eight commits of the largest kind at least lie between its first fragment and its last.
    assert(before >= 8, `${before} messages were safe before it`)
    const consumption = jobs.consume()
    const { value } = await consumption.next()
    assert(Buffer.from(largest).equals(value!.bytes))
    await consumption.close()
    await broker.close()
  }))

test('a body above the largest is refused before anything of it is written', () =>
  inMemory(async (broker) => {
    const jobs = await broker.queue<Uint8Array>('jobs', {})
    const send = async (): Promise<void> => jobs.send(new Uint8Array(128 * MiB + 1))
    await assert.rejects(send, { code: 'BODY_TOO_LARGE' })
    assert.equal(jobs.readyCount, 0)
  }))

test('a consumption that ends while it reads a large body gives it back, unseen', () =>
  inDirectory(async (dir) => {
    const before = await Broker.open({ dir })
    await (await before.queue<Uint8Array>('jobs', {})).send(bytesOfSize(20 * MiB, 3))
    await before.close()
    const broker = await Broker.open({ dir })
    const jobs = await broker.queue<Uint8Array>('jobs')
    const hasty = jobs.consume()
    while (jobs.heldCount === 0) await new Promise(setImmediate)
    await hasty.close()
    assert.equal(jobs.readyCount, 1)
    const patient = jobs.consume()
    const { value } = await patient.next()
    assert.equal(value?.redelivered, false)
    assert(Buffer.from(bytesOfSize(20 * MiB, 3)).equals(value.bytes))
    await patient.close()
    await broker.close()
  }))
