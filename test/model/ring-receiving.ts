/** How a model's consumer takes messages: as the receiver and the receiving half of a channel do, step by step. */
import assert from 'node:assert/strict'
import type { Ring } from '../../src/channels/threads/ring.ts'
import type { Assembly } from '../../src/channels/threads/ring-parts.ts'
import type { SharedCode, SteppingAttempt } from './shared-code.ts'
import { plain, type Stepping } from './stepwise.ts'

export class Receiving implements SteppingAttempt {
  /** What the last attempt that was over took; 0: the end. */
  number = 0
  readonly #code: SharedCode
  readonly #ring: Ring
  readonly #assembly: Assembly
  #waitsFor: number
  #copy: number[] = []

  constructor(code: SharedCode, ring: Ring) {
    this.#code = code
    this.#ring = ring
    this.#assembly = new code.parts.Assembly()
    this.#waitsFor = code.ring.sets.items
  }

  /** The number of the message that is being put together; 0: none is. */
  get begun(): number {
    return this.#assembly.active ? (new Int32Array(this.#assembly.bytes.buffer)[0] ?? 0) : 0
  }

  *attempt(): Stepping<number> {
    const { roster } = this.#code
    this.number = yield* this.#take()
    if (this.number !== 0) return roster.READY
    return (yield* this.#isEnd()) ? roster.READY : this.#waitsFor
  }

  /** Goes on with what was begun, and begins nothing. */
  *bringIn(): Stepping<number> {
    const { parts, ring: states, roster } = this.#code
    this.number = 0
    if (!this.#assembly.active) return roster.READY
    const parted = yield* parts.readParts(this.#ring, this.#assembly)
    if (parted === roster.READY) {
      this.number = this.#assembled()
      return roster.READY
    }
    if (this.#assembly.active) return (yield* this.#isEnd()) ? roster.READY : parted
    yield* roster.wakeOne(this.#ring.roster, states.sets.items)
    return roster.READY
  }

  /** The number of the oldest message, or 0. */
  *#take(): Stepping<number> {
    const { read, parts, ring: states, roster } = this.#code
    for (;;) {
      const found = this.#assembly.active
        ? states.PART
        : yield* read.readWhole(this.#ring, this.#copier() as never)
      if (found === roster.READY) return whole(this.#copy)
      if (found === states.NOTHING) {
        this.#waitsFor = states.sets.items
        return 0
      }
      const parted = yield* parts.readParts(this.#ring, this.#assembly)
      if (parted === roster.READY) return this.#assembled()
      if (parted !== states.NOTHING) {
        this.#waitsFor = parted
        return 0
      }
    }
  }

  #copier(): { copy(): Stepping<void> } {
    const ring = this.#ring
    const keep = (copy: number[]): void => {
      this.#copy = copy
    }
    return {
      *copy(): Stepping<void> {
        const { size } = ring
        const at = ring.dataAt + ring.place / 4
        const copy: number[] = []
        for (let word = 0; word < size / 4; word++) {
          if (word === size / 8) yield plain('the second half of the copy')
          copy.push(ring.words[at + word] ?? 0)
        }
        keep(copy)
      },
    }
  }

  #assembled(): number {
    return whole(new Int32Array(this.#assembly.bytes.buffer))
  }

  *#isEnd(): Stepping<boolean> {
    const { parts, ring: states, roles } = this.#code
    const ring = this.#ring
    const isOver =
      (yield* states.writersDone(ring)) ||
      (yield* roles.lostThread(ring.seat, roles.roleBit.sends)) !== null
    if (!isOver || !(yield* states.isEmpty(ring))) return false
    yield* parts.stopReading(ring, this.#assembly)
    return true
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
