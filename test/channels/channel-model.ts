/**
 * What a channel is, in the plainest words: arrays that are searched from the front. It waits for nobody:
 * every operation is told its outcome, now or later, under the number that its caller gave it.
 */

import type { WhenFull } from '../../src/channels/channel-options.ts'
import type { Ending, Offer } from '../../src/channels/contract.ts'

interface WaitingPut {
  readonly id: number
  readonly value: number
}

export class ChannelModel {
  readonly items: number[] = []
  readonly putters: WaitingPut[] = []
  readonly getters: number[] = []
  readonly joiners: number[] = []
  readonly outcomes: Map<number, string> = new Map()
  state: 'open' | Ending = 'open'
  put = 0
  got = 0
  dropped = 0
  unfinished = 0
  done = 0
  readonly capacity: number
  readonly whenFull: WhenFull

  constructor(capacity: number, whenFull: WhenFull) {
    this.capacity = capacity
    this.whenFull = whenFull
  }

  startPut(id: number, value: number): void {
    if (this.tryPut(value)) this.outcomes.set(id, 'ok')
    else if (this.state !== 'open') this.outcomes.set(id, 'CHANNEL_CLOSED')
    else if (this.whenFull === 'block') this.putters.push({ id, value })
    else this.outcomes.set(id, this.offer(value) === 'full' ? 'CHANNEL_FULL' : 'ok')
  }

  tryPut(value: number): boolean {
    if (this.state !== 'open') return false
    const getter = this.getters.shift()
    if (getter === undefined && this.items.length >= this.capacity) return false
    this.put += 1
    this.unfinished += 1
    if (getter === undefined) this.items.push(value)
    else this.#receive(getter, value)
    return true
  }

  offer(value: number): Offer {
    if (this.state !== 'open') return 'closed'
    if (this.tryPut(value)) return 'taken'
    if (this.whenFull === 'block' || this.whenFull === 'reject') return 'full'
    this.dropped += 1
    if (this.whenFull === 'drop-newest') return 'dropped'
    if (this.whenFull === 'drop-oldest') this.items.shift()
    else this.items.pop()
    this.items.push(value)
    this.put += 1
    return 'replaced'
  }

  startGet(id: number): void {
    const value = this.tryGet()
    if (value !== undefined) this.outcomes.set(id, `value ${value}`)
    else if (this.state !== 'open') this.outcomes.set(id, 'CHANNEL_CLOSED')
    else this.getters.push(id)
  }

  tryGet(): number | undefined {
    const waiting = this.putters.shift()
    if (waiting !== undefined) {
      this.outcomes.set(waiting.id, 'ok')
      this.put += 1
      this.unfinished += 1
      this.items.push(waiting.value)
    }
    const value = this.items.shift()
    if (value !== undefined) this.got += 1
    return value
  }

  taskDone(): boolean {
    if (this.done >= this.got) return false
    this.done += 1
    this.#finish(1)
    return true
  }

  startJoin(id: number): void {
    if (this.unfinished === 0) this.outcomes.set(id, 'ok')
    else this.joiners.push(id)
  }

  /** Ends a wait that is still going on. */
  cancel(id: number, how: string): void {
    const putter = this.putters.findIndex((waiting) => waiting.id === id)
    if (putter >= 0) this.putters.splice(putter, 1)
    const getter = this.getters.indexOf(id)
    if (getter >= 0) this.getters.splice(getter, 1)
    const joiner = this.joiners.indexOf(id)
    if (joiner >= 0) this.joiners.splice(joiner, 1)
    if (putter >= 0 || getter >= 0 || joiner >= 0) this.outcomes.set(id, how)
  }

  close(ending: Ending): void {
    if (this.state === 'now' || this.state === ending) return
    this.state = ending
    for (const waiting of this.putters.splice(0)) this.outcomes.set(waiting.id, 'CHANNEL_CLOSED')
    for (const id of this.getters.splice(0)) this.outcomes.set(id, 'CHANNEL_CLOSED')
    if (ending === 'drain') return
    const thrownAway = this.items.splice(0).length
    this.dropped += thrownAway
    this.#finish(thrownAway)
  }

  #receive(id: number, value: number): void {
    this.got += 1
    this.outcomes.set(id, `value ${value}`)
  }

  #finish(count: number): void {
    this.unfinished -= count
    if (this.unfinished > 0) return
    for (const id of this.joiners.splice(0)) this.outcomes.set(id, 'ok')
  }
}
