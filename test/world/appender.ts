/** A client that appends batches to a stream and remembers which record got which offset. */
import { below } from '../../src/base/random.ts'
import { HELD } from '../../src/broker/room.ts'
import { Batch } from '../../src/machine/batch.ts'
import { batchOf, type Stamp } from './bodies.ts'
import type { Client, Session } from './session.ts'
import { GROUPS, PARTITIONS, streamOf } from './topology.ts'
import type { Witness } from './witness.ts'

const RECORDS_MAX = 5 // of a batch: with its head a third of what a commit of the tiny journal holds

type Pending = {
  readonly ticket: number
  readonly partition: number
  readonly offset: number
  readonly stamps: readonly Stamp[]
}

/** What the history calls a partition as one group reads it. */
export function readingOf(partition: number, group: string): string {
  return `log/${partition} for ${group}`
}

export class Appender implements Client {
  readonly name: string
  readonly #witness: Witness
  #left: number
  #counter = 0
  #pending: Pending[] = []

  constructor(name: string, batches: number, witness: Witness) {
    this.name = name
    this.#left = batches
    this.#witness = witness
  }

  get isDone(): boolean {
    return this.#left === 0
  }

  async serve(session: Session): Promise<void> {
    this.#pending = []
    while (!this.isDone && !session.isEnding) {
      await this.#append(session)
      await session.sleep(below(session.random, 60) / 8)
    }
    while (this.#pending.length > 0) await session.sleep(1)
  }

  async #append(session: Session): Promise<void> {
    const { random, runtime, run } = session
    const index = below(random, PARTITIONS)
    const stamps = Array.from({ length: 1 + below(random, RECORDS_MAX) }, (_, place) => ({
      producer: this.name,
      counter: this.#counter + place,
    }))
    this.#counter += stamps.length
    const batch = new Batch()
    batch.bytes = batchOf(stamps)
    batch.size = batch.bytes.length
    batch.count = stamps.length
    batch.timeMs = runtime.world.clock.wallMs()
    for (const group of GROUPS) {
      const queue = readingOf(index, group)
      for (const stamp of stamps) this.#witness.history.attempted({ queue, ...stamp })
    }
    for (;;) {
      const partition = streamOf(runtime).partitions[index]!
      const offset = partition.nextOffset
      const ticket = runtime.append(partition, batch)
      if (ticket === HELD) {
        await session.room()
        if (session.isEnding) return
        continue
      }
      this.#left--
      session.operation()
      this.#pending.push({ ticket, partition: index, offset, stamps })
      if (this.#pending.length === 1) {
        runtime.commits.watch({ settled: (through) => !run.isOver && this.#settled(through) })
      }
      return
    }
  }

  #settled(through: number): boolean {
    while (this.#pending.length > 0 && this.#pending[0]!.ticket <= through) {
      const { partition, offset, stamps } = this.#pending.shift()!
      for (const [place, stamp] of stamps.entries()) {
        this.#witness.record(`log/${partition}`, offset + place, stamp)
        for (const group of GROUPS) {
          this.#witness.history.acked({ queue: readingOf(partition, group), ...stamp })
        }
      }
    }
    return this.#pending.length > 0
  }
}
