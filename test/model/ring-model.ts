/** Small worlds of producers and consumers around one ring, for the explorer; and the law that they keep. */
import assert from 'node:assert/strict'
import type { Ring } from '../../src/channels/threads/ring.ts'
import type { Actor, World } from './explorer.ts'
import { ModelBytes, ModelMemory } from './memory.ts'
import { atOnce } from './run.ts'
import { type SharedCode, type SteppingAttempt, until } from './shared-code.ts'
import { plain, type Stepping } from './stepwise.ts'

export interface RingWorldOptions {
  /** For each producer, the sizes of its messages in granules of payload. A size above `wholeMax` goes in parts. */
  readonly producers: readonly (readonly number[])[]
  /** For each consumer, how many messages it takes; Infinity: until the end. */
  readonly consumers: readonly number[]
  /** Producers that close the ring when they are through. */
  readonly closers: readonly number[]
  readonly granules: number
  /** Messages that fit, 0 for any number. */
  readonly capacity: number
}

const options: RingWorldOptions = {
  producers: [],
  consumers: [],
  closers: [],
  granules: 8,
  capacity: 0,
}

/** A message's number: its producer and its place among that producer's. */
const numberOf = (producer: number, index: number): number => producer * 100 + index + 1

export function ringWorld(code: SharedCode, chosen: Partial<RingWorldOptions>): () => World {
  return () => new RingWorld(code, { ...options, ...chosen }).world()
}

class RingWorld {
  readonly #code: SharedCode
  readonly #options: RingWorldOptions
  readonly #shared: SharedArrayBuffer
  readonly #memory: ModelMemory
  /** What each consumer got, in order. */
  readonly #got: number[][] = []
  /** Messages whose writing was over. */
  readonly #sent = new Set<number>()

  constructor(code: SharedCode, options: RingWorldOptions) {
    this.#code = code
    this.#options = options
    const { Ring } = code.ring
    const seats = options.producers.length + options.consumers.length
    this.#shared = Ring.allocate({ ringBytes: 1024, capacity: options.capacity, seats })
    this.#memory = new ModelMemory(this.#shared)
    const roster = new code.roster.Roster(this.#shared)
    roster.words[roster.ownAt] = options.granules
  }

  world(): World {
    const { producers, consumers } = this.#options
    const { sends, receives } = this.#code.roles.roleBit
    return {
      memory: this.#memory,
      actors: [
        ...producers.map((sizes, index) =>
          this.#actor(`producer ${index}`, sends, (ring) => this.#produce(ring, index, sizes)),
        ),
        ...consumers.map((count, index) =>
          this.#actor(`consumer ${index}`, receives, (ring) => this.#consume(ring, index, count)),
        ),
      ],
      verify: (dead) => this.#verify(dead),
    }
  }

  #actor(name: string, roles: number, run: (ring: Ring) => Stepping<void>): Actor {
    const { roster, ring } = this.#code
    const view = new roster.Roster(this.#shared)
    Object.assign(view, { words: this.#memory.words })
    const guest = { thread: 1, roles, state: roster.seatState.live }
    const seat = atOnce(
      roster.join(view, guest, () => false),
      this.#memory.raw,
    )
    assert.ok(seat !== null)
    const own = new ring.Ring(this.#shared, seat)
    Object.assign(own, { bytes: new ModelBytes(own.words, own.dataAt) })
    return { name, run: run(own), afterDeath: () => roster.bury(view, seat.index) }
  }

  *#produce(ring: Ring, producer: number, sizes: readonly number[]): Stepping<void> {
    const code = this.#code
    for (const [index, size] of sizes.entries()) {
      const number = numberOf(producer, index)
      const sending = this.#sending(ring, number, size)
      yield* until(code, ring.seat, sending)
      if (sending.isRefused) return
      this.#sent.add(number)
    }
    if (this.#options.closers.includes(producer)) {
      yield* code.ring.endRing(ring, code.ring.ending.drain)
    }
  }

  #sending(ring: Ring, number: number, size: number): SteppingAttempt & { isRefused: boolean } {
    const { write, parts, ring: states, roles, roster } = this.#code
    const words = new Int32Array(size * 2).fill(number)
    const parcel = new parts.Parcel(new Uint8Array(words.buffer), 0)
    const message = {
      room: size * 8,
      tag: 0,
      *fill(_into: Buffer, place: number): Stepping<number> {
        const at = ring.dataAt + place / 4
        for (let word = 0; word < size * 2; word++) {
          if (word === size) yield plain('the second half of the payload')
          ring.words[at + word] = number
        }
        return size * 8
      },
    }
    return {
      isRefused: false,
      *attempt(): Stepping<number> {
        if ((yield* roles.lostThread(ring.seat, roles.roleBit.receives)) !== null) {
          yield* parts.dropParcel(ring, parcel)
          this.isRefused = true
          return roster.READY
        }
        let result = yield* write.writeWhole(ring, message as never)
        if (result === write.LARGE) result = yield* parts.writeParts(ring, parcel)
        this.isRefused = result === states.ENDED
        return this.isRefused ? roster.READY : result
      },
    }
  }

  *#consume(ring: Ring, consumer: number, count: number): Stepping<void> {
    const got: number[] = []
    this.#got[consumer] = got
    const receiving = this.#receiving(ring)
    while (got.length < count) {
      yield* until(this.#code, ring.seat, receiving)
      if (receiving.number === 0) return
      got.push(receiving.number)
    }
    yield* this.#code.parts.stopReading(ring, new this.#code.parts.Assembly())
    yield* this.#code.roster.leave(ring.seat)
  }

  /** Sets `number`, to 0 at the end. */
  #receiving(ring: Ring): SteppingAttempt & { number: number } {
    const { read, parts, ring: states, roles, roster } = this.#code
    const assembly = new parts.Assembly()
    let copy: number[] = []
    const copier = {
      *copy(): Stepping<void> {
        const { size } = ring
        const at = ring.dataAt + ring.place / 4
        copy = []
        for (let word = 0; word < size / 4; word++) {
          if (word === size / 8) yield plain('the second half of the copy')
          copy.push(ring.words[at + word] ?? 0)
        }
      },
    }
    let waitsFor: number = states.sets.items
    function* take(): Stepping<number> {
      for (;;) {
        const found = yield* read.readWhole(ring, copier as never)
        if (found === roster.READY) return whole(copy)
        if (found === states.NOTHING) {
          waitsFor = states.sets.items
          return 0
        }
        const parted = yield* parts.readParts(ring, assembly)
        if (parted === roster.READY) return whole(new Int32Array(assembly.bytes.buffer))
        if (parted !== states.NOTHING) {
          waitsFor = parted
          return 0
        }
      }
    }
    return {
      number: 0,
      *attempt(): Stepping<number> {
        this.number = yield* take()
        if (this.number !== 0) return roster.READY
        const isOver =
          (yield* states.writersDone(ring)) ||
          (yield* roles.lostThread(ring.seat, roles.roleBit.sends)) !== null
        if (!isOver || !(yield* states.isEmpty(ring))) return waitsFor
        yield* parts.stopReading(ring, assembly)
        return roster.READY
      },
    }
  }

  #verify(dead: string | null): void {
    const { producers, consumers } = this.#options
    const all = this.#got.flat()
    assert.equal(new Set(all).size, all.length, 'no message comes twice')
    for (const got of this.#got) {
      for (const producer of producers.keys()) {
        const own = got.filter((number) => Math.floor(number / 100) === producer)
        assert.deepEqual(
          own,
          own.toSorted((left, right) => left - right),
          'each producer in order',
        )
      }
    }
    if (consumers.some((count) => count !== Number.POSITIVE_INFINITY)) return
    const deadConsumers = dead?.startsWith('consumer') === true ? 1 : 0
    if (deadConsumers === consumers.length) return
    const lost = [...this.#sent].filter((number) => !all.includes(number))
    assert.ok(lost.length <= deadConsumers, `lost: ${lost}`)
  }
}

/** The number that all words of a message must say. */
function whole(words: ArrayLike<number>): number {
  const first = words[0] ?? 0
  assert.ok(first > 0, 'a message says its number')
  for (let word = 0; word < words.length; word++)
    assert.equal(words[word], first, 'no message is torn')
  return first
}
