/** Small worlds of producers and consumers around one ring, for the explorer; and the law that they keep. */
import assert from 'node:assert/strict'
import type { Ring } from '../../src/channels/threads/ring.ts'
import type { Seat } from '../../src/channels/threads/roster.ts'
import type { Actor, World } from './explorer.ts'
import { ModelBytes, ModelMemory } from './memory.ts'
import { Receiving } from './ring-receiving.ts'
import { atOnce } from './run.ts'
import {
  type SharedCode,
  type SteppingAttempt,
  type TimedAttempt,
  until,
  within,
} from './shared-code.ts'
import { plain, type Stepping, step } from './stepwise.ts'

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
  /** The granule where head and tail are at first. */
  readonly startsAt: number
  /**
   * Actors that give up one wait, at any moment. A consumer that was to take so many then asks for nothing more, but
   * stays; one that takes all asks again.
   */
  readonly impatient: readonly string[]
}

const options: RingWorldOptions = {
  producers: [],
  consumers: [],
  closers: [],
  granules: 8,
  capacity: 0,
  startsAt: 0,
  impatient: [],
}

/** How long an actor waits. */
interface Patience {
  isTimeUp(): boolean
  /** From now on it waits for as long as it takes. */
  spend(): void
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
  /** Messages whose senders gave up. */
  readonly #givenUp = new Set<number>()
  readonly #seats = new Map<string, Seat>()

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
        ...this.#options.impatient.map((name) => this.#time(name)),
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
    const { headSeen, count } = ring.besideTail
    for (const at of [own.headAt, own.tailAt, own.tailAt + headSeen, own.tailAt + count + 1]) {
      this.#memory.raw[at] = this.#options.startsAt
    }
    this.#seats.set(name, seat)
    return { name, run: run(own), afterDeath: () => roster.bury(view, seat.index) }
  }

  /** Ends one wait of an actor. */
  #time(name: string): Actor {
    const seat = this.#seats.get(name)
    assert.ok(seat !== undefined, `there is a ${name}`)
    const { raw } = this.#memory
    const alarmAt = this.#alarmAt(name)
    function* run(): Stepping<void> {
      yield step('store', 'its time is up', raw, alarmAt, 1)
      yield step('add', 'its time is up: not to fall asleep', raw, seat?.epochAt ?? 0, 1)
      yield step('notify', 'its time is up: wake', raw, seat?.epochAt ?? 0)
    }
    return { name: `time of ${name}`, run: run(), *afterDeath(): Stepping<void> {} }
  }

  /** A word behind all that the small ring uses. */
  #alarmAt(name: string): number {
    return this.#memory.raw.length - 1 - this.#options.impatient.indexOf(name)
  }

  #patience(name: string): Patience {
    const { words } = this.#memory
    const alarmAt = this.#alarmAt(name)
    let isPatient = !this.#options.impatient.includes(name)
    return {
      isTimeUp: () => !isPatient && words[alarmAt] !== 0,
      spend: () => {
        isPatient = true
      },
    }
  }

  *#produce(ring: Ring, producer: number, sizes: readonly number[]): Stepping<void> {
    const code = this.#code
    const patience = this.#patience(`producer ${producer}`)
    for (const [index, size] of sizes.entries()) {
      const number = numberOf(producer, index)
      const sending = this.#sending(ring, number, size)
      const isOver = yield* within(code, ring.seat, timed(code, ring, sending, patience))
      if (!isOver) {
        patience.spend()
        yield* sending.giveUp()
        this.#givenUp.add(number)
        continue
      }
      if (sending.isRefused) return
      this.#sent.add(number)
    }
    if (this.#options.closers.includes(producer)) {
      yield* code.ring.endRing(ring, code.ring.ending.drain)
    }
  }

  #sending(ring: Ring, number: number, size: number): Sending {
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
        // As an endpoint does before each try: who finds no room would not see the end.
        const isEnded = (yield* states.endingOf(ring)) !== states.ending.open
        if (isEnded || (yield* roles.lostThread(ring.seat, roles.roleBit.receives)) !== null) {
          yield* parts.dropParcel(ring, parcel)
          this.isRefused = true
          return roster.READY
        }
        let result = yield* write.writeWhole(ring, message as never)
        if (result === write.LARGE) result = yield* parts.writeParts(ring, parcel)
        this.isRefused = result === states.ENDED
        return this.isRefused ? roster.READY : result
      },
      *giveUp(): Stepping<void> {
        yield* parts.dropParcel(ring, parcel)
      },
    }
  }

  *#consume(ring: Ring, consumer: number, count: number): Stepping<void> {
    const got: number[] = []
    this.#got[consumer] = got
    const receiving = new Receiving(this.#code, ring)
    const patience = this.#patience(`consumer ${consumer}`)
    while (got.length < count) {
      if (yield* within(this.#code, ring.seat, timed(this.#code, ring, receiving, patience))) {
        if (receiving.number === 0) return
        got.push(receiving.number)
        continue
      }
      patience.spend()
      const { begun } = receiving
      yield* until(this.#code, ring.seat, { attempt: () => receiving.bringIn() })
      assert.ok([0, begun].includes(receiving.number), 'who asks for nothing begins nothing')
      if (receiving.number !== 0) got.push(receiving.number)
      if (count !== Number.POSITIVE_INFINITY) return
    }
    yield* this.#code.parts.stopReading(ring, new this.#code.parts.Assembly())
    yield* this.#code.roster.leave(ring.seat)
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
    assert.deepEqual(
      all.filter((number) => this.#givenUp.has(number)),
      [],
      'what was given up does not arrive',
    )
    const deadConsumers = dead?.startsWith('consumer') === true ? 1 : 0
    const insatiable = consumers.filter((count) => count === Number.POSITIVE_INFINITY)
    if (insatiable.length <= deadConsumers) return
    const lost = [...this.#sent].filter((number) => !all.includes(number))
    assert.ok(lost.length <= deadConsumers, `lost: ${lost}`)
  }
}

interface Sending extends SteppingAttempt {
  /** The ring takes nothing any more. */
  isRefused: boolean
  giveUp(): Stepping<void>
}

/** The same attempt, for as long as the patience lasts. */
function timed(
  code: SharedCode,
  ring: Ring,
  what: SteppingAttempt,
  patience: Patience,
): TimedAttempt {
  return {
    isTimeUp: () => patience.isTimeUp(),
    *attempt(): Stepping<number> {
      const set = yield* what.attempt()
      // A real sleep ends in time by itself; here nobody may fall asleep for longer than that.
      if (set !== code.roster.READY && patience.isTimeUp()) {
        yield step('add', 'no time to sleep', ring.words, ring.seat.epochAt, 1)
      }
      return set
    },
  }
}
