/**
 * A program of operations, drawn from a seed, in no protocol's words: what a client of any of them could ask for.
 * Names are few, so that operations meet; many of them hit what is not there, and that is part of it.
 */
import type { Random } from '../../src/base/ports.ts'
import { below, pick } from '../../src/base/random.ts'

export type BodyText = { readonly kind: 'bytes' | 'text' | 'json'; readonly text: string }

/** What becomes of a message that was taken. Kept ones go back when their consumer goes. */
export type Verdict = 'ack' | 'give-back' | 'keep'

export type TwinRecord = {
  readonly key: string | null
  readonly value: string
  readonly timeMs: number
}

export type TwinBatch = { readonly partition: number; readonly records: readonly TwinRecord[] }

export type QueueOperation =
  | {
      readonly kind: 'declare-queue'
      readonly queue: string
      readonly durable: boolean
      readonly autoDelete: boolean
    }
  | { readonly kind: 'delete-queue'; readonly queue: string }
  | { readonly kind: 'purge'; readonly queue: string }
  | {
      readonly kind: 'send'
      readonly queue: string
      readonly bodies: readonly BodyText[]
      readonly persistence: 'persistent' | 'transient'
    }
  | {
      readonly kind: 'take'
      readonly queue: string
      readonly count: number
      /** Sent while the consumer is there. */
      readonly sending: readonly BodyText[]
      /** In turn. */
      readonly verdicts: readonly Verdict[]
    }

export type StreamOperation =
  | { readonly kind: 'declare-stream'; readonly stream: string }
  | { readonly kind: 'delete-stream'; readonly stream: string }
  | { readonly kind: 'append'; readonly stream: string; readonly batches: readonly TwinBatch[] }
  /** Of the stream with one partition: up to so many records of the next batch, and commits. */
  | {
      readonly kind: 'read-some'
      readonly stream: string
      readonly group: string
      readonly count: number
    }
  /** Everything there is, and commits. */
  | { readonly kind: 'read-all'; readonly stream: string; readonly group: string }

/** The broker stops in good order or is killed, with so many messages of a queue in somebody's hands. */
export type Restart = {
  readonly kind: 'restart'
  readonly manner: 'stop' | 'kill'
  readonly queue: string
  readonly holding: number
}

export type Operation = QueueOperation | StreamOperation | Restart

/** Partitions by stream. */
export const STREAMS: Readonly<Record<string, number>> = { narrow: 1, wide: 3 }

const QUEUES: readonly string[] = ['jobs', 'mails', 'notes']
const GROUPS: readonly string[] = ['audit', 'billing']
const VERDICTS: readonly Verdict[] = ['ack', 'ack', 'give-back', 'keep']
const OPERATIONS = 26 // enough for a few restarts, and for state that outlives them
const ONE_PARTITION = 'narrow'
const LARGE_ONE_IN = 60 // bodies: about one a program
const LARGE_BYTES = 270_000 // just over what one entry of the journal holds

export function drawProgram(random: Random): readonly Operation[] {
  const drawer = new Drawer(random)
  const operations = Array.from({ length: OPERATIONS }, () => drawer.draw())
  // Something has to be there, and a fold of the journal comes last.
  return [...drawer.first(), ...operations, drawer.restart()]
}

class Drawer {
  readonly #random: Random
  #count = 0

  constructor(random: Random) {
    this.#random = random
  }

  first(): readonly Operation[] {
    const queue = pick(this.#random, QUEUES)
    return [
      { kind: 'declare-queue', queue, durable: true, autoDelete: false },
      { kind: 'declare-stream', stream: pick(this.#random, Object.keys(STREAMS)) },
    ]
  }

  draw(): Operation {
    const makers: readonly (() => Operation)[] = [
      () => this.#declare(),
      () => ({ kind: 'delete-queue', queue: this.#queue() }),
      () => ({ kind: 'purge', queue: this.#queue() }),
      ...times(5, () => this.#send()),
      ...times(5, () => this.#take()),
      () => ({ kind: 'declare-stream', stream: this.#stream() }),
      () => ({ kind: 'declare-stream', stream: this.#stream() }),
      () => (this.#oneIn(3) ? { kind: 'delete-stream', stream: this.#stream() } : this.#append()),
      ...times(4, () => this.#append()),
      () => this.#readSome(),
      () => ({ kind: 'read-all', stream: this.#stream(), group: this.#group() }),
      () => this.restart(),
    ]
    return pick(this.#random, makers)()
  }

  restart(): Restart {
    const manner = pick(this.#random, ['stop', 'kill'] as const)
    return { kind: 'restart', manner, queue: this.#queue(), holding: below(this.#random, 3) }
  }

  #declare(): Operation {
    const durable = !this.#oneIn(4)
    return { kind: 'declare-queue', queue: this.#queue(), durable, autoDelete: this.#oneIn(6) }
  }

  #send(): Operation {
    const persistence = this.#oneIn(4) ? 'transient' : 'persistent'
    return { kind: 'send', queue: this.#queue(), bodies: this.#bodies(1, 5), persistence }
  }

  #take(): Operation {
    const sending = this.#oneIn(3) ? this.#bodies(1, 3) : []
    const verdicts = Array.from({ length: 3 }, () => pick(this.#random, VERDICTS))
    const count = 1 + below(this.#random, 6)
    return { kind: 'take', queue: this.#queue(), count, sending, verdicts }
  }

  #append(): Operation {
    const stream = this.#stream()
    const batches: TwinBatch[] = []
    for (let partition = 0; partition < STREAMS[stream]!; partition++) {
      if (STREAMS[stream] === 1 || !this.#oneIn(2)) {
        batches.push({ partition, records: this.#records() })
      }
    }
    if (batches.length === 0) batches.push({ partition: 0, records: this.#records() })
    return { kind: 'append', stream, batches }
  }

  #readSome(): Operation {
    const count = 1 + below(this.#random, 3)
    return { kind: 'read-some', stream: ONE_PARTITION, group: this.#group(), count }
  }

  #records(): TwinRecord[] {
    return Array.from({ length: 1 + below(this.#random, 4) }, () => ({
      key: this.#oneIn(2) ? null : `key ${below(this.#random, 5)}`,
      value: this.#oneIn(8) ? '' : this.#text(),
      // Not in order, as producers' clocks are not.
      timeMs: 1_000_000 + below(this.#random, 1_000_000),
    }))
  }

  #bodies(min: number, max: number): BodyText[] {
    return Array.from({ length: min + below(this.#random, max - min + 1) }, () => ({
      kind: pick(this.#random, ['bytes', 'text', 'json'] as const),
      text: this.#oneIn(8) ? '' : this.#oneIn(LARGE_ONE_IN) ? this.#largeText() : this.#text(),
    }))
  }

  /** Has no room in one entry of the journal. */
  #largeText(): string {
    this.#count++
    const word = `${this.#count} `
    return word.repeat(Math.ceil(LARGE_BYTES / word.length))
  }

  /** Different each time; now and then long, and not ASCII. */
  #text(): string {
    this.#count++
    const text = `${this.#count} ${this.#oneIn(4) ? 'ü€😀' : 'text'} `
    return text.repeat(this.#oneIn(10) ? 1 + below(this.#random, 400) : 1)
  }

  #queue(): string {
    return pick(this.#random, QUEUES)
  }

  #stream(): string {
    return pick(this.#random, Object.keys(STREAMS))
  }

  #group(): string {
    return pick(this.#random, GROUPS)
  }

  #oneIn(count: number): boolean {
    return below(this.#random, count) === 0
  }
}

function times<T>(count: number, item: T): T[] {
  return Array.from({ length: count }, () => item)
}
