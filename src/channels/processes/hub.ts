/**
 * A hub makes one channel of the links to many processes: what is put goes to one of them, in turn among those
 * that have room, and what they all send is received in turn among those that have sent. A peer that comes,
 * leaves or dies changes who takes part, and nothing else.
 */
import { assert } from '../../base/assert.ts'
import { type Linked, List } from '../../base/list.ts'
import type { Ending, Sendable } from '../contract.ts'
import type { Awaiting, Tally } from './joining.ts'
import type { Link } from './link.ts'
import { type LinkUser, nobody } from './link-user.ts'
import { Origins } from './origins.ts'
import type { Carrier } from './process-channel.ts'

/** What the program is told about a peer. */
export interface PeerEvent {
  /** `lost`: died, was cut off, or broke the rules; the values under way to it may have been received or not. */
  readonly kind: 'joined' | 'left' | 'lost'
  readonly peer: PeerState
  readonly failure: Error | null
}

export interface PeerState {
  /** Counts from 1 in the order of arrival. */
  readonly id: number
  readonly address: string
  readonly sent: number
  readonly received: number
  /** Values sent to it that its program has not been seen to receive. */
  readonly underWay: number
  /** Values from it that wait to be received. */
  readonly ready: number
}

/** A peer's place in one of the two lines. */
class Place implements Linked<Place> {
  previous: Place | null = null
  next: Place | null = null
  list: object | null = null
  readonly peer: Peer

  constructor(peer: Peer) {
    this.peer = peer
  }
}

class Peer {
  readonly id: number
  readonly link: Link
  readonly reading: Place
  readonly writing: Place

  constructor(id: number, link: Link) {
    this.id = id
    this.link = link
    this.reading = new Place(this)
    this.writing = new Place(this)
  }

  state(): PeerState {
    const { peer, sent, received, underWay, ready } = this.link
    return { id: this.id, address: peer, sent, received, underWay, ready }
  }
}

export class Hub implements Carrier, Tally {
  user: LinkUser = nobody
  /** A hub does not fail: its peers do. */
  readonly failure = null
  readonly capacity: number
  outEnded = false
  sent = 0
  received = 0
  /** Peers whose connection is not gone. */
  readonly #peers = new Set<Peer>()
  /** Those with values for us (the last values of those who are gone included), in the order of their turn. */
  readonly #readable = new List<Place>()
  /** Those with room for our values. Invariant: the link of each is writable. */
  readonly #writable = new List<Place>()
  readonly #onPeer: (event: PeerEvent) => void
  readonly #origins = new Origins<Link>()
  /** Values that went to peers who are gone and had not done them. */
  lost = 0
  cause: Error | null = null
  #awaitedBy: Awaiting = 'nobody'
  #joined = 0
  /** What the peers that are gone have in the books. */
  readonly #past = { dropped: 0, bytesIn: 0, bytesOut: 0 }
  #stopped: Ending | null = null

  /** `capacity` is what one peer of ours lets us have under way; see `ProcessChannel.capacity`. */
  constructor(capacity: number, onPeer: (event: PeerEvent) => void) {
    this.capacity = capacity
    this.#onPeer = onPeer
  }

  get readable(): boolean {
    return this.#readable.head !== null
  }

  get writable(): boolean {
    return this.#writable.head !== null
  }

  get ready(): number {
    let sum = 0
    for (const { peer } of this.#readable) sum += peer.link.ready
    return sum
  }

  get underWay(): number {
    return this.#sum((link) => link.underWay)
  }

  get tally(): Tally {
    return this
  }

  get unfinished(): number {
    return this.lost + this.#sum((link) => link.tally.unfinished)
  }

  awaitedBy(who: Awaiting): void {
    this.#awaitedBy = who
    for (const { link } of this.#peers) link.tally.awaitedBy(who)
  }

  taskDone(): void {
    this.#origins.done().tally.taskDone()
  }

  quit(): void {
    for (const { link } of this.#peers) link.tally.quit()
  }

  get dropped(): number {
    return this.#past.dropped + this.#sum((link) => link.dropped)
  }

  get bytesIn(): number {
    return this.#past.bytesIn + this.#sum((link) => link.bytesIn)
  }

  get bytesOut(): number {
    return this.#past.bytesOut + this.#sum((link) => link.bytesOut)
  }

  get inEnded(): boolean {
    if (this.#stopped === null) return false
    for (const { link } of this.#peers) if (!link.inEnded) return false
    return true
  }

  get over(): boolean {
    return this.#stopped !== null && this.#peers.size === 0
  }

  get peerCount(): number {
    return this.#peers.size
  }

  peers(): readonly PeerState[] {
    return [...this.#peers].map((peer) => peer.state())
  }

  /** Takes in a link that has just opened. */
  join(link: Link): void {
    this.#joined++
    const peer = new Peer(this.#joined, link)
    this.#peers.add(peer)
    link.user = {
      readable: () => this.#onReadable(peer),
      writable: () => this.#onWritable(peer),
      changed: () => this.#onChanged(peer),
    }
    this.#onPeer({ kind: 'joined', peer: peer.state(), failure: null })
    link.tally.awaitedBy(this.#awaitedBy)
    if (this.outEnded) link.finish()
    if (this.#stopped !== null) link.stop(this.#stopped)
    if (link.ready > 0) this.#onReadable(peer)
    if (link.writable) this.#onWritable(peer)
  }

  send(value: Sendable): boolean {
    const place = this.#writable.head
    if (place === null) return false
    const taken = place.peer.link.send(value)
    assert(taken, 'a peer in the line has room')
    this.sent++
    this.#writable.remove(place)
    if (place.peer.link.writable) this.#writable.push(place)
    return true
  }

  receive(): Sendable | undefined {
    for (let place = this.#readable.head; place !== null; place = this.#readable.head) {
      const { link } = place.peer
      const value = link.receive()
      if (this.#readable.has(place)) this.#readable.remove(place)
      if (link.ready > 0) this.#readable.push(place)
      if (value === undefined) continue
      this.received++
      this.#origins.received(link)
      return value
    }
    return undefined
  }

  finish(): void {
    if (this.outEnded) return
    this.outEnded = true
    for (const { link } of this.#peers) link.finish()
    this.user.changed()
  }

  stop(ending: Ending): void {
    this.#stopped = ending
    for (const { link } of this.#peers) link.stop(ending)
    if (ending === 'now') this.#discard()
    this.user.changed()
  }

  /** Drops the last values of peers that are gone; those of the others their links have dropped. */
  #discard(): void {
    for (const place of this.#readable) {
      if (!this.#peers.has(place.peer)) {
        this.#past.dropped += place.peer.link.ready
        place.peer.link.stop('now')
      }
      this.#readable.remove(place)
    }
  }

  #onReadable(peer: Peer): void {
    if (peer.reading.list === null) this.#readable.push(peer.reading)
    this.user.readable()
  }

  #onWritable(peer: Peer): void {
    if (peer.writing.list === null && peer.link.writable) this.#writable.push(peer.writing)
    this.user.writable()
  }

  #onChanged(peer: Peer): void {
    const { link } = peer
    if (!link.writable && peer.writing.list !== null) this.#writable.remove(peer.writing)
    if (link.over && this.#peers.has(peer)) this.#leave(peer)
    this.user.changed()
  }

  #leave(peer: Peer): void {
    const { link } = peer
    this.#peers.delete(peer)
    if (link.tally.unfinished > 0) this.cause = link.failure
    this.lost += link.tally.unfinished
    this.#past.dropped += link.dropped
    this.#past.bytesIn += link.bytesIn
    this.#past.bytesOut += link.bytesOut
    const kind = link.failure === null ? 'left' : 'lost'
    this.#onPeer({ kind, peer: peer.state(), failure: link.failure })
  }

  #sum(of: (link: Link) => number): number {
    let sum = 0
    for (const { link } of this.#peers) sum += of(link)
    return sum
  }
}
