/**
 * A list is a doubly linked list whose links live in the items themselves: no wrapper node, and an
 * item leaves from anywhere in constant time. An item is in one list at most, and says in which.
 */
import { assert } from './assert.ts'

/** What an item carries for the list; all `null` while it is in none. Only List writes them. */
export interface Linked<T> {
  previous: T | null
  next: T | null
  list: object | null
}

export class List<T extends Linked<T>> {
  /** Invariant: #head and #tail are null exactly when #size is 0. */
  #head: T | null
  #tail: T | null
  #size: number

  constructor() {
    this.#head = null
    this.#tail = null
    this.#size = 0
  }

  get size(): number {
    return this.#size
  }

  get head(): T | null {
    return this.#head
  }

  get tail(): T | null {
    return this.#tail
  }

  has(item: T): boolean {
    return item.list === this
  }

  push(item: T): void {
    this.#insert(item, this.#tail, null)
  }

  unshift(item: T): void {
    this.#insert(item, null, this.#head)
  }

  /** Puts `item` just before `place`, which is in this list. */
  insertBefore(place: T, item: T): void {
    assert(place.list === this, 'the place is not in this list')
    this.#insert(item, place.previous, place)
  }

  /** Takes the first; `null` when empty. */
  shift(): T | null {
    const item = this.#head
    if (item !== null) this.remove(item)
    return item
  }

  remove(item: T): void {
    assert(item.list === this, 'the item is not in this list')
    if (item.previous === null) this.#head = item.next
    else item.previous.next = item.next
    if (item.next === null) this.#tail = item.previous
    else item.next.previous = item.previous
    item.previous = null
    item.next = null
    item.list = null
    this.#size--
  }

  /** From first to last. The item just yielded may be removed meanwhile, and no other. */
  *[Symbol.iterator](): IterableIterator<T> {
    let item = this.#head
    while (item !== null) {
      const next: T | null = item.next
      yield item
      item = next
    }
  }

  #insert(item: T, previous: T | null, next: T | null): void {
    assert(item.list === null, 'the item is in a list already')
    item.list = this
    item.previous = previous
    item.next = next
    if (previous === null) this.#head = item
    else previous.next = item
    if (next === null) this.#tail = item
    else next.previous = item
    this.#size++
  }
}
