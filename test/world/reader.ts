/** A client that reads one partition for a group, goes on where the group had come, and commits now and then. */
import assert from 'node:assert/strict'
import { DiskError } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'
import { HELD } from '../../src/broker/room.ts'
import type { BatchView } from '../../src/machine/batch.ts'
import type { Partition } from '../../src/machine/partition.ts'
import { readingOf } from './appender.ts'
import { stampsOf } from './bodies.ts'
import type { Client, Session } from './session.ts'
import { namespaceOf, streamOf } from './topology.ts'
import type { Witness } from './witness.ts'

export class Reader implements Client {
  readonly name: string
  readonly isDone: boolean = false
  readonly #place: { readonly partition: number; readonly group: string }
  readonly #witness: Witness
  /** The next offset that this group was never shown. */
  #unseen = 0
  /** Durable for certain, and perhaps. */
  readonly #committed = { atLeast: 0, atMost: 0 }
  /** Where it is in this run of the broker. */
  #offset = 0

  constructor(
    name: string,
    place: { readonly partition: number; readonly group: string },
    witness: Witness,
  ) {
    this.name = name
    this.#place = place
    this.#witness = witness
  }

  async serve(session: Session): Promise<void> {
    const { random, runtime } = session
    const partition = streamOf(runtime).partitions[this.#place.partition]!
    this.#resume(session, partition)
    let isTold: boolean = false
    const watcher = {
      appended: () => {
        isTold = true
      },
    }
    runtime.watch(partition, watcher)
    while (!session.isEnding) {
      if (this.#offset < runtime.visibleOffset(partition)) await this.#read(session, partition)
      else {
        isTold = false
        while (!isTold && !session.isEnding) await session.sleep(1)
      }
      if (below(random, 3) === 0) await this.#commit(session, partition)
    }
    runtime.unwatch(partition, watcher)
  }

  /** Everything that can be read has been. */
  isThrough(session: Session): boolean {
    const partition = streamOf(session.runtime).partitions[this.#place.partition]!
    return this.#offset === partition.nextOffset
  }

  #resume({ runtime }: Session, partition: Partition): void {
    const namespace = namespaceOf(runtime)
    const committed = runtime.committed(namespace, this.#place.group, partition)
    const offset = committed?.offset ?? 0
    const { atLeast, atMost } = this.#committed
    assert(offset >= atLeast, `${this.name}: committed ${atLeast}, came back at ${offset}`)
    assert(offset <= atMost, `${this.name}: tried ${atMost} at most, came back at ${offset}`)
    if (committed !== undefined) assert.equal(committed.note, `note ${offset}`)
    this.#offset = offset
    this.#committed.atMost = offset
  }

  async #read(session: Session, partition: Partition): Promise<void> {
    const { runtime } = session
    const row = partition.rowAt(this.#offset)
    assert(row >= 0, 'what is visible is there')
    let batch = runtime.batch(partition, row)
    while (batch === null) {
      await this.#load(session, partition, row)
      batch = runtime.batch(partition, row)
    }
    this.#see(batch)
    session.operation()
    await session.sleep(below(session.random, 20) / 8)
  }

  /** A read that fails is tried again: nothing but this reader depends on it. */
  async #load(session: Session, partition: Partition, row: number): Promise<void> {
    try {
      await session.until(session.runtime.load(partition, row))
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      await session.sleep(1)
    }
  }

  #see(batch: BatchView): void {
    const { partition, group } = this.#place
    const stamps = stampsOf(batch.bytes.subarray(batch.at, batch.at + batch.size))
    assert.equal(stamps.length, batch.count)
    for (const [place, stamp] of stamps.entries()) {
      const offset = batch.offset + place
      if (offset < this.#offset) continue
      assert.equal(offset, this.#offset, 'offsets are dense')
      this.#offset++
      this.#witness.record(`log/${partition}`, offset, stamp)
      this.#witness.delivered({
        ...{ ...stamp, queue: readingOf(partition, group), consumer: this.name, through: 0 },
        redelivered: offset < this.#unseen ? 'redelivered' : 'new',
        told: 'at-once',
      })
    }
    this.#unseen = Math.max(this.#unseen, this.#offset)
  }

  async #commit(session: Session, partition: Partition): Promise<void> {
    const { random, runtime } = session
    const offset = this.#offset
    const committed = { offset, note: `note ${offset}` }
    const commitments = [{ partition: partition.id, committed }]
    const commit = (): number =>
      runtime.commitOffsets(namespaceOf(runtime), this.#place.group, commitments)
    this.#committed.atMost = offset
    let ticket = commit()
    while (ticket === HELD) {
      await session.room()
      if (session.isEnding) return
      ticket = commit()
    }
    session.operation()
    if (below(random, 2) > 0) return
    await session.until(runtime.commits.settled(ticket))
    this.#committed.atLeast = offset
  }
}
