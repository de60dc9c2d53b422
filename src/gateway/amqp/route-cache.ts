/**
 * Where a channel published before: routes by the raw bytes of [exchange][key], so that no name is decoded while
 * the same few repeat. It keeps nothing that is stale.
 */
import { EMPTY } from '../../base/bytes.ts'
import type { Route } from '../../machine/route.ts'

/** Routes of one channel. Who publishes to more ways than this in turn has each found anew. */
const ROUTES_MAX = 1_024 // some 200 bytes each; replies go to as many queues as there are callers

const latin1 = new TextDecoder('latin1')

export class RouteCache {
  #head: Uint8Array = EMPTY
  /** The route of the last publish. */
  last: Route | null = null
  readonly #others = new Map<string, Route>()

  /** The route for the head in [at, end), or `null` where it has to be found. */
  find(bytes: Uint8Array, at: number, end: number): Route | null {
    const last = this.last
    if (last === null || !this.#isLast(bytes, at, end)) return this.#findOther(bytes, at, end)
    return last.stale ? null : last
  }

  keep(bytes: Uint8Array, at: number, end: number, route: Route): void {
    if (this.#others.size >= ROUTES_MAX) this.#others.clear()
    this.#head = bytes.slice(at, end)
    this.last = route
    this.#others.set(latin1.decode(this.#head), route)
  }

  #isLast(bytes: Uint8Array, at: number, end: number): boolean {
    const head = this.#head
    const size = head.length
    if (end - at !== size) return false
    for (let index = 0; index < size; index++) {
      if (head[index] !== bytes[at + index]) return false
    }
    return true
  }

  #findOther(bytes: Uint8Array, at: number, end: number): Route | null {
    if (this.#others.size === 0) return null
    const head = bytes.slice(at, end)
    const key = latin1.decode(head)
    const route = this.#others.get(key)
    if (route === undefined) return null
    if (route.stale) {
      this.#others.delete(key)
      return null
    }
    this.#head = head
    this.last = route
    return route
  }
}
