/** Queues and streams that are more or less durable than their broker, and what a power cut leaves of each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskBroker, type Taken } from '../../test/broker/disk-broker.ts'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import type { CrashPoint } from '../../test/sim/crash-point.ts'
import type { Image } from '../../test/sim/disk-outcomes.ts'
import { drained, settled } from '../../test/sim/turn.ts'
import type { DeclaredDurability } from '../machine/durability.ts'
import type { Queue } from '../machine/queue.ts'
import { isRefusal } from '../machine/refusal.ts'

/** What each of the queues of these names has on a disk as it is. */
async function foundOn(
  disk: CrashDisk,
  names: readonly string[],
): Promise<readonly (readonly Taken[])[]> {
  const broker = await DiskBroker.open(disk)
  const queues = names.map((name) => broker.find(name))
  const taken = queues.map((queue) => (queue === undefined ? [] : broker.take(queue)))
  await drained()
  return taken
}

async function namesOn(image: Image, names: readonly string[]): Promise<readonly Set<string>[]> {
  const found = await foundOn(new CrashDisk({ image }), names)
  return found.map((taken) => new Set(taken.map(({ name }) => name)))
}

/** Every state that a power cut may leave, at every call so far and now. */
function* cuts(disk: CrashDisk): Generator<readonly [point: CrashPoint, image: Image]> {
  for (const point of [...disk.points, disk.point()]) {
    for (const image of point.images()) yield [point, image]
  }
}

/** What publishers were told, in that order, and the tickets of all that was published. */
class Told {
  readonly names: string[] = []
  readonly tickets = new Map<string, number>()
  readonly #broker: DiskBroker

  constructor(broker: DiskBroker) {
    this.#broker = broker
  }

  publish(queue: Queue, name: string): void {
    this.hear(name, this.#broker.publish(queue, name))
  }

  hear(name: string, ticket: number): void {
    this.tickets.set(name, ticket)
    void this.#broker.runtime.commits.settled(ticket).then(() => this.names.push(name))
  }
}

type Modes = readonly [own: 'fsync' | 'os', first: DeclaredDurability, second: DeclaredDurability]

/** In turn to two queues, some with the other's messages in the same commit. */
async function published([own, first, second]: Modes): Promise<{ disk: CrashDisk; told: Told }> {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, {}, { durability: own })
  const queues = [
    await broker.queue('first', 'durable', first),
    await broker.queue('second', 'durable', second),
  ]
  const told = new Told(broker)
  disk.record(() => told.names.length)
  for (let index = 0; index < 8; index++) {
    told.publish(queues[Math.floor(index / 3) % 2]!, `old ${index}`)
    if (index % 4 !== 1) await drained()
  }
  await drained()
  assert.equal(told.names.length, 8)
  return { disk, told }
}

test('what a queue that is synced acknowledged survives every power cut; of one that is not it may be lost', async () => {
  const worlds: readonly Modes[] = [
    ['fsync', null, 'os'],
    ['os', 'fsync', null],
  ]
  for (const modes of worlds) {
    const { disk, told } = await published(modes)
    let lost = 0
    for (const [{ moment }, image] of cuts(disk)) {
      const [first, second] = await namesOn(image, ['first', 'second'])
      for (const name of told.names.slice(0, moment.mark)) {
        const isSynced = Math.floor(Number(name.slice(4)) / 3) % 2 === 0
        const where = `${modes.join()}: ${name} at call ${moment.call}, ${image.name}`
        if (isSynced) assert(first!.has(name), where)
        else if (!second!.has(name)) lost++
      }
    }
    assert(lost > 0, `${modes.join()}: nothing was saved by not syncing`)
  }
})

test('of a power cut a prefix of the log remains, whatever each message asked for', async () => {
  const { disk, told } = await published(['fsync', 'os', 'fsync'])
  const inOrder = [...told.tickets].sort(([, left], [, right]) => left - right)
  for (const [{ moment }, image] of cuts(disk)) {
    const found = await namesOn(image, ['first', 'second'])
    const isThere = inOrder.map(([name]) => found.some((names) => names.has(name)))
    const gap = isThere.indexOf(false)
    assert(gap < 0 || !isThere.includes(true, gap), `call ${moment.call}: ${image.name}`)
  }
})

test('what is only given to the system costs no sync, and survives the death of the process', async () => {
  const disk = new CrashDisk({ log: 'on' })
  const broker = await DiskBroker.open(disk)
  const queue = await broker.queue('written', 'durable', 'os')
  const partition = await broker.partition('s', 'os')
  const taken = broker.take(queue)
  const told = new Told(broker)
  const before = syncsOf(disk)
  for (let index = 0; index < 5; index++) {
    told.publish(queue, `old ${index}`)
    told.hear(`record ${index}`, broker.append(partition, `record ${index}`))
    await drained()
  }
  for (const { sequence } of taken.slice(0, 2)) broker.runtime.settle(queue, sequence, 1)
  await settled(broker.commit('g', [[partition, 3]]), 'the commit')
  await drained()
  // The group itself is a declaration of the broker's.
  assert.equal(syncsOf(disk) - before, 1)
  assert.equal(told.names.length, 10)
  assert.equal(taken.length, 5)
  const [found] = await foundOn(disk.killProcess(), ['written'])
  assert.deepEqual(
    found!.map(({ name }) => name),
    ['old 2', 'old 3', 'old 4'],
  )
})

test('a message for queues of several modes is confirmed as the strictest asks, and seen no sooner by any', async () => {
  for (const own of ['fsync', 'os'] as const) {
    const disk = new CrashDisk()
    const broker = await DiskBroker.open(disk, {}, { durability: own })
    const names = ['written', 'synced', 'remembered']
    const modes = ['os', 'fsync', 'memory'] as const
    const queues: Queue[] = []
    for (const [index, mode] of modes.entries()) {
      queues.push(await broker.queue(names[index]!, 'durable', mode))
    }
    await broker.fan('all', queues)
    const [written, synced, remembered] = queues.map((queue) => broker.take(queue))
    const told: string[] = []
    disk.record(() => told.length)
    for (let index = 0; index < 3; index++) {
      const name = `new ${index}`
      const heard = broker.runtime.commits.settled(broker.publishAll('all', name)).then(() => {
        broker.assertDurable(name)
        told.push(name)
      })
      await settled(heard, 'the confirm')
    }
    await drained()
    // Whatever is only in memory has no entry to wait for.
    assert.deepEqual(
      broker.early.filter((name) => !remembered!.some((each) => each.name === name)),
      [],
    )
    assert.deepEqual([written!.length, synced!.length, remembered!.length], [3, 3, 3])
    for (const [{ moment }, image] of cuts(disk)) {
      const found = await namesOn(image, names)
      for (const name of told.slice(0, moment.mark)) {
        const isThere = found.map((each) => each.has(name))
        assert.deepEqual(isThere, [true, true, false], `${own}, call ${moment.call}`)
      }
    }
  }
})

test('a large message for queues of several modes is confirmed as the strictest asks', async () => {
  const disk = new CrashDisk()
  const limits = { bodyBytes: 100, bodyBytesMax: 1_000, arrivingBytes: 1_000 }
  const broker = await DiskBroker.open(disk, limits, { durability: 'os' })
  const queues = [
    await broker.queue('written', 'durable', 'os'),
    await broker.queue('synced', 'durable', 'fsync'),
  ]
  await broker.fan('all', queues)
  let told = 0
  disk.record(() => told)
  for (let index = 0; index < 2; index++) {
    const options = { size: 250, exchange: 'all' }
    const ticket = broker.publishLarge({ name: 'all' }, `old ${index}`, options)
    await settled(broker.runtime.commits.settled(ticket), 'the confirm')
    told++
  }
  for (const [{ moment }, image] of cuts(disk)) {
    const [written, synced] = await namesOn(image, ['written', 'synced'])
    for (let index = 0; index < moment.mark; index++) {
      assert(written!.has(`old ${index}`) && synced!.has(`old ${index}`), `call ${moment.call}`)
    }
  }
})

test('what a synced queue of a broker that does not sync was told stays, and what it delivered says so', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk, {}, { durability: 'os' })
  const queue = await broker.queue('q', 'durable', 'fsync')
  for (let index = 0; index < 3; index++) broker.publish(queue, `old ${index}`)
  await drained()
  let taken: readonly Taken[] = []
  let settledCount = 0
  disk.record(() => taken.length + settledCount)
  // A backlog, which is marked before it goes out, and messages that go out at once.
  taken = broker.take(queue)
  await drained()
  for (let index = 3; index < 6; index++) {
    broker.publish(queue, `old ${index}`)
    await drained()
  }
  assert.equal(taken.length, 6)
  broker.runtime.settle(queue, taken[0]!.sequence, 1)
  // Whoever asks when everything is safe hears it behind the entry.
  await drained()
  settledCount = 1
  for (const [{ moment }, image] of cuts(disk)) {
    const [found] = await foundOn(new CrashDisk({ image }), ['q'])
    const isSettled = moment.mark === 7
    for (const { name } of taken.slice(0, Math.min(6, moment.mark))) {
      const again = found!.find((message) => message.name === name)
      if (name === 'old 0' && (isSettled || again === undefined)) assert.equal(again, undefined)
      else assert.equal(again?.redelivered, true, `${name} at call ${moment.call}: ${image.name}`)
    }
  }
})

test('what expires in a synced queue of a broker that does not sync is synced, and in others is not', async () => {
  for (const [mode, syncs] of [
    ['fsync', 1],
    ['os', 0],
  ] as const) {
    const disk = new CrashDisk({ log: 'on' })
    const clockwork = new Clockwork()
    const opening = DiskBroker.open(disk, {}, { durability: 'os' }, clockwork)
    const broker = await clockwork.until(opening)
    const queue = await clockwork.until(broker.queue('q', 'durable', mode))
    broker.publish(queue, 'old 0', 'persistent', 50)
    await clockwork.advance(49)
    const before = syncsOf(disk)
    await clockwork.advance(1)
    assert.equal(queue.readyCount, 0)
    assert.equal(syncsOf(disk) - before, syncs, mode)
    await clockwork.until(broker.runtime.close())
  }
})

test('a purge that was answered stays one, whatever the queue loses', async () => {
  const disk = new CrashDisk({ log: 'on' })
  const broker = await DiskBroker.open(disk, { settleRanges: 2 })
  const queue = await broker.queue('q', 'durable', 'os')
  for (let index = 0; index < 9; index++) broker.publish(queue, `old ${index}`)
  await drained()
  for (const sequence of [3, 6]) broker.runtime.settle(queue, sequence, 1)
  await drained()
  let answered: number = -1
  disk.record(() => (answered < 0 ? 0 : 1))
  void broker.runtime.declare.purge(queue).then((count) => {
    answered = count
  })
  await drained()
  assert.equal(answered, 7)
  for (const [{ moment }, image] of cuts(disk)) {
    if (moment.mark === 0) continue
    const [found] = await foundOn(new CrashDisk({ image }), ['q'])
    assert.deepEqual(found, [], `call ${moment.call}: ${image.name}`)
  }
  // And what is settled behind it asks for no more than the queue does.
  broker.publish(queue, 'old 9')
  await drained()
  const before = syncsOf(disk)
  broker.runtime.settle(queue, queue.nextSequence - 1, 1)
  await drained()
  assert.equal(queue.readyCount, 0)
  assert.equal(syncsOf(disk), before)
})

test('offsets of a group are as safe as their stream, and as the strictest where there are several', async () => {
  const disk = new CrashDisk()
  const broker = await DiskBroker.open(disk)
  const [w, s] = [await broker.partition('w', 'os'), await broker.partition('s', 'fsync')]
  for (let index = 0; index < 4; index++) {
    broker.append(w, `old ${index}`)
    broker.append(s, `old ${index}`)
  }
  // To make a group is a declaration, and synced with whatever comes with it.
  for (const group of ['w', 's', 'both']) await settled(broker.commit(group, [[w, 1]]), 'a group')
  let done = 0
  disk.record(() => done)
  const both = [
    [w, 4],
    [s, 4],
  ] as const
  await settled(broker.commit('w', [[w, 2]]), 'the first commit')
  done = 1
  await settled(broker.commit('s', [[s, 3]]), 'the second commit')
  done = 2
  await settled(broker.commit('both', both), 'the third commit')
  done = 3
  let lost = 0
  for (const [{ moment }, image] of cuts(disk)) {
    const again = await DiskBroker.open(new CrashDisk({ image }))
    const found = { w: again.partitionOf('w'), s: again.partitionOf('s') }
    if (moment.mark === 1 && again.committed('w', found.w) === 1) lost++
    if (moment.mark >= 2) assert.equal(again.committed('s', found.s), 3)
    if (moment.mark < 3) continue
    assert.deepEqual([again.committed('both', found.w), again.committed('both', found.s)], [4, 4])
  }
  assert(lost > 0, 'nothing was saved by not syncing')
})

test('a queue in memory outlives the run, and no message in it does', async () => {
  const disk = new CrashDisk({ log: 'on' })
  const broker = await DiskBroker.open(disk)
  const queue = await broker.queue('remembered', 'durable', 'memory')
  await broker.fan('all', [queue])
  await drained()
  const before = disk.calls.length
  for (let index = 0; index < 5; index++) assert.equal(broker.publish(queue, `old ${index}`), 0)
  const taken = broker.take(queue)
  await drained()
  assert.equal(taken.length, 5)
  broker.runtime.settle(queue, taken[0]!.sequence, 1)
  broker.runtime.giveBack(queue, taken[1]!.sequence, 1, 1)
  await drained()
  assert.equal(disk.calls.length, before, 'nothing of it goes to the disk')
  broker.assertNoLeak()
  const again = await DiskBroker.open(disk.killProcess())
  const found = again.find('remembered')!
  assert.deepEqual([found.readyCount, found.options], [0, queue.options])
  // Its binding is there too.
  assert.equal(again.publishAll('all', 'old 5'), 0)
  assert.deepEqual(
    again.take(found).map(({ name }) => name),
    [],
  )
  await drained()
  assert.equal(found.heldCount, 1)
})

test('a durability that cannot be had is refused, and nothing is made', async () => {
  const [onDisk, inMemory] = [
    await DiskBroker.open(new CrashDisk()),
    await DiskBroker.open(new CrashDisk(), {}, { durability: 'memory' }),
  ]
  const cases = [
    [onDisk, 'session', 'fsync', /is not durable/],
    [onDisk, 'session', 'os', /is not durable/],
    [inMemory, 'durable', 'fsync', /has no files/],
    [inMemory, 'durable', 'os', /has no files/],
  ] as const
  for (const [broker, life, durability, reason] of cases) {
    const refusal = await broker.declare('q', { durable: life === 'durable', durability })
    assert(isRefusal(refusal) && refusal.kind === 'durability-impossible')
    assert.match(refusal.reason, reason)
    assert.equal(broker.find('q'), undefined)
  }
  const stream = await onDisk.declareStream('s', 'memory')
  assert(isRefusal(stream) && stream.kind === 'durability-impossible')
  assert.match(stream.reason, /offsets would be given out again/)
  assert(!isRefusal(await inMemory.declareStream('s', 'memory')))
  await inMemory.queue('q', 'durable', 'memory')
  await onDisk.queue('q', 'session', 'memory')
})

test('a queue that is declared again with another durability is refused', async () => {
  const broker = await DiskBroker.open(new CrashDisk())
  const modes: readonly DeclaredDurability[] = [null, 'fsync', 'os', 'memory']
  for (const current of modes) {
    await broker.queue(`q ${current}`, 'durable', current)
    for (const asked of modes) {
      const answer = await broker.declare(`q ${current}`, { durable: true, durability: asked })
      if (asked === current) {
        assert(!isRefusal(answer))
        continue
      }
      const words = { asked: String(asked), current: String(current) }
      const place = { queue: `q ${current}`, field: 'durability' as const }
      assert.deepEqual(answer, { kind: 'queue-differs', ...place, ...words })
    }
  }
})

function syncsOf(disk: CrashDisk): number {
  return disk.calls.filter(({ kind, path }) => kind === 'sync' && path.includes('journal-')).length
}
