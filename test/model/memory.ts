/** The memory of a model: it notes what is read and written plainly, for the step that is being taken. */

/** What a step touched. Places are words; see `waitersOf` for the queue that a word has. */
export class Access {
  readonly reads: Set<number> = new Set()
  readonly writes: Set<number> = new Set()

  /** Whether the order of the two makes a difference. */
  conflicts(other: Access): boolean {
    for (const place of this.writes) {
      if (other.writes.has(place) || other.reads.has(place)) return true
    }
    for (const place of other.writes) {
      if (this.reads.has(place)) return true
    }
    return false
  }
}

const queueBase = 1 << 24

/** The place that stands for those who sleep on a word. */
export function waitersOf(at: number): number {
  return queueBase + at
}

export class ModelMemory {
  readonly raw: Int32Array
  /** The same words, for the code under test: every plain access is noted. */
  readonly words: Int32Array
  /** Where to note. */
  access: Access = new Access()

  constructor(memory: SharedArrayBuffer) {
    this.raw = new Int32Array(memory)
    this.words = new Proxy(this.raw, {
      get: (raw, key) => {
        const place = placeOf(key)
        if (place === null) return Reflect.get(raw, key, raw) as unknown
        this.access.reads.add(place)
        return raw[place]
      },
      set: (raw, key, value: number) => {
        const place = placeOf(key)
        if (place === null) return false
        this.access.writes.add(place)
        raw[place] = value
        return true
      },
    })
  }
}

function placeOf(key: string | symbol): number | null {
  if (typeof key === 'symbol') return null
  const place = Number(key)
  return Number.isInteger(place) ? place : null
}

/** As much of a Buffer as the ring uses, over noted words. */
export class ModelBytes {
  readonly #words: Int32Array
  readonly #from: number

  /** `from` is the word where the bytes begin. */
  constructor(words: Int32Array, from: number) {
    this.#words = words
    this.#from = from
  }

  set(bytes: Uint8Array, place: number): void {
    const source = new Int32Array(bytes.slice().buffer)
    source.forEach((word, index) => {
      this.#words[this.#from + place / 4 + index] = word
    })
  }

  subarray(from: number, to: number): Uint8Array {
    const copy = new Int32Array((to - from) / 4)
    copy.forEach((_word, index) => {
      copy[index] = this.#words[this.#from + from / 4 + index] ?? 0
    })
    return new Uint8Array(copy.buffer)
  }

  writeUInt32LE(value: number, place: number): void {
    this.#words[this.#from + place / 4] = value
  }

  readUInt32LE(place: number): number {
    return this.#words[this.#from + place / 4] ?? 0
  }
}
