/**
 * Where the items of a sweep come from: any iterable, asynchronous or not, read one chunk at a time and
 * never further. It closes the iterator; it knows nothing of pools.
 */
import type { Items } from './contract.ts'

type SyncIterator = Iterator<unknown, unknown, undefined>
type SlowIterator = AsyncIterator<unknown, unknown, undefined>

export class ItemSource {
  /** How many there will be, where the iterable says so. */
  readonly total: number | null
  readonly #iterator:
    | { readonly kind: 'sync'; readonly from: SyncIterator }
    | { readonly kind: 'async'; readonly from: SlowIterator }
  /** Called when an asynchronous source has moved. */
  readonly #onMove: () => void
  /** Read and not taken. */
  #gathered: unknown[] = []
  /** `waiting`: a `next` is under way, and no second one may be. */
  #phase: 'open' | 'waiting' | 'ended' = 'open'
  #error: { readonly error: unknown } | null = null

  constructor(items: Items<unknown>, onMove: () => void) {
    this.total = totalOf(items)
    this.#onMove = onMove
    this.#iterator =
      Symbol.asyncIterator in items
        ? { kind: 'async', from: items[Symbol.asyncIterator]() }
        : { kind: 'sync', from: items[Symbol.iterator]() }
  }

  /** Nothing more will come. */
  get ended(): boolean {
    return this.#phase === 'ended' && this.#gathered.length === 0 && this.#error === null
  }

  /**
   * Up to `count` items, or `null` if there are none now. A slow source gives fewer rather than letting
   * the workers wait, which they do when nothing is `underWay`. Throws what the source threw.
   */
  take(count: number, underWay: number): unknown[] | null {
    if (this.#iterator.kind === 'sync') this.#readNow(this.#iterator.from, count)
    else if (this.#gathered.length < count) this.#readOn(this.#iterator.from)
    const enough = this.#gathered.length >= count || underWay === 0 || this.#phase === 'ended'
    if (this.#gathered.length > 0 && enough) return this.#gathered.splice(0, count)
    if (this.#error !== null) throw this.#error.error
    return null
  }

  #readNow(iterator: SyncIterator, count: number): void {
    while (this.#phase === 'open' && this.#gathered.length < count) {
      let result: IteratorResult<unknown, unknown>
      try {
        result = iterator.next()
      } catch (error) {
        this.#fail(error)
        return
      }
      if (result.done === true) this.#phase = 'ended'
      else this.#gathered.push(result.value)
    }
  }

  #readOn(iterator: SlowIterator): void {
    if (this.#phase !== 'open') return
    this.#phase = 'waiting'
    iterator.next().then(
      (result) => {
        if (this.#phase === 'ended') return
        this.#phase = result.done === true ? 'ended' : 'open'
        if (result.done !== true) this.#gathered.push(result.value)
        this.#onMove()
      },
      (error: unknown) => {
        if (this.#phase === 'ended') return
        this.#fail(error)
        this.#onMove()
      },
    )
  }

  #fail(error: unknown): void {
    this.#phase = 'ended'
    this.#error = { error }
  }

  /** Lets the iterator go. Nobody waits for it: a generator in the middle of a wait ends only after that. */
  close(): void {
    const phase = this.#phase
    this.#phase = 'ended'
    this.#gathered = []
    this.#error = null
    if (phase === 'ended') return
    if (this.#iterator.kind === 'sync') this.#iterator.from.return?.()
    else this.#iterator.from.return?.().then(undefined, () => undefined)
  }
}

function totalOf(items: Items<unknown>): number | null {
  const { length, size } = items as { length?: unknown; size?: unknown }
  // A channel has a size as well, but of what it holds now.
  if (Symbol.asyncIterator in items) return null
  if (typeof length === 'number') return length
  return typeof size === 'number' ? size : null
}
