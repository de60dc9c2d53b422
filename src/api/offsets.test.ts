/** Reading a stream from a place, and taking a group to one. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Broker, type BrokerStream, type Offsets } from '../mod.ts'

/** A stream of two partitions with the records a0 a1 a2 and b0 b1 b2. */
async function withRecords(use: (stream: BrokerStream) => Promise<void>): Promise<void> {
  const broker = await Broker.open()
  try {
    const stream = await broker.stream('facts', { partitions: 2 })
    const texts = ['a0', 'b0', 'a1', 'b1', 'a2', 'b2']
    await stream.appendMany(texts.map((body, at) => ({ body, partition: at % 2 })))
    await use(stream)
  } finally {
    await broker.close()
  }
}

async function texts(count: number, records: AsyncIterable<{ text(): string }>): Promise<string[]> {
  const read: string[] = []
  for await (const record of records) {
    read.push(record.text())
    if (read.length === count) break
  }
  return read.sort()
}

const refused = (message: RegExp): object => ({ code: 'REFUSED', message })

test('a reader begins where it is told, in each partition or in all', () =>
  withRecords(async (stream) => {
    assert.deepEqual(await texts(2, stream.read({ from: 2 })), ['a2', 'b2'])
    assert.deepEqual(await texts(3, stream.read({ from: [2, 1] })), ['a2', 'b1', 'b2'])
  }))

test('a reader of a group that has not begun does too, and goes on where it committed later', () =>
  withRecords(async (stream) => {
    const options = { group: 'audit', from: [2, 1] }
    // Asking for the next record commits the batch before it.
    const all: string[] = []
    const stop = new AbortController()
    for await (const record of stream.read({ ...options, signal: stop.signal })) {
      all.push(record.text())
      if (all.length === 3) stop.abort()
    }
    assert.deepEqual(all.sort(), ['a2', 'b1', 'b2'])
    await stream.appendMany([{ body: 'a3', partition: 0 }])
    assert.deepEqual(await texts(1, stream.read({ ...options, from: 0 })), ['a3'])
  }))

test('a reader waits for the record that it is to begin at', () =>
  withRecords(async (stream) => {
    const reading = texts(1, stream.read({ from: [4, 9] }))
    await stream.appendMany([{ body: 'a3', partition: 0 }])
    await stream.appendMany([{ body: 'a4', partition: 0 }])
    assert.deepEqual(await reading, ['a4'])
  }))

test('what is no place is refused, with the reason', () =>
  withRecords(async (stream) => {
    const wrong: readonly (readonly [Offsets, RegExp])[] = [
      [-1, /whole number from 0, not -1/],
      [1.5, /not 1\.5/],
      [Number.NaN, /not NaN/],
      [[1], /has 2 partitions, and 1 offsets/],
    ]
    for (const [offsets, message] of wrong) {
      assert.throws(() => stream.read({ from: offsets }), refused(message))
      await assert.rejects(stream.moveGroup('audit', offsets), refused(message))
    }
    await assert.rejects(stream.moveGroup('audit', [3, 4]), refused(/partition 1 .* ends at 3/))
  }))

test('a group is moved back to read again, and forward to pass over', () =>
  withRecords(async (stream) => {
    const batches = stream.readBatches({ group: 'audit' })
    for (let count = 0; count < 2; count++) {
      const { value } = await batches.next()
      await value!.commit()
    }
    await assert.rejects(stream.moveGroup('audit', 0), refused(/end its readers/))
    await batches.return(undefined)
    await stream.moveGroup('audit', [1, 3])
    assert.deepEqual(await texts(2, stream.read({ group: 'audit' })), ['a1', 'a2'])
    await stream.moveGroup('audit', [3, 2])
    assert.deepEqual(await texts(1, stream.read({ group: 'audit' })), ['b2'])
  }))

test('where a group was moved to survives a restart', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'naru-offsets-'))
  try {
    const before = await Broker.open({ dir })
    const facts = await before.stream('facts', {})
    await facts.appendMany([{ body: 'zero' }, { body: 'one' }])
    await facts.moveGroup('audit', 1)
    await before.close()
    const after = await Broker.open({ dir })
    const found = await texts(1, (await after.stream('facts')).read({ group: 'audit' }))
    await after.close()
    assert.deepEqual(found, ['one'])
  } finally {
    await rm(dir, { recursive: true })
  }
})
