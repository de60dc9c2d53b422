/**
 * The Dispatcher hands ready messages to consumers with room, in turn. It decides nothing that survives; what they
 * settle and give back it passes on, to become entries.
 *
 *   publish, settle, join, a commit --> the desk is dirty --turn--> messages go out, entries are written
 */
import { assert } from '../base/assert.ts'
import { mark } from '../base/mark.ts'
import { strongest } from '../machine/durability.ts'
import type { LargeBody } from '../machine/large-body.ts'
import { GONE, LARGE, MARKED, READY, STATE_BITS, TRANSIENT } from '../machine/page.ts'
import type { Queue } from '../machine/queue.ts'
import type { Consumer } from './consumer.ts'
import type { Context } from './context.ts'
import { Delivery } from './delivery.ts'
import { Desk, Seat } from './desk.ts'
import { writeMark } from './entries.ts'
import { Expiry } from './expiry.ts'
import { Reading } from './reading.ts'
import { Settlements } from './settlements.ts'

export class Dispatcher {
  readonly #context: Context
  readonly #settlements: Settlements
  readonly expiry: Expiry
  readonly #desks: (Desk | null)[] = []
  readonly #free: number[] = []
  #dirty: Desk[] = []
  /** Desks whose next message is not durable yet. */
  #awaitingCommit: Desk[] = []
  readonly #delivery = new Delivery()
  #isAwaitingRoom = false

  constructor(context: Context) {
    this.#context = context
    this.#settlements = new Settlements(context, () => this.#awaitRoom())
    this.expiry = new Expiry(context, this.#settlements, (desk) => this.#touch(desk))
  }

  deskOf(queue: Queue): Desk {
    const desk = queue.desk < 0 ? null : this.#desks[queue.desk]!
    if (desk !== null) return desk
    const made = new Desk(queue)
    queue.desk = this.#free.pop() ?? this.#desks.length
    this.#desks[queue.desk] = made
    return made
  }

  /** Whether somebody who could take it is there, so that it is marked as it is published. */
  isAttended(queue: Queue): boolean {
    if (queue.desk < 0 || this.#desks[queue.desk]!.seats.size === 0) return false
    return queue.nextSequence - queue.untouchedFrom < this.#context.limits.markAhead
  }

  join(queue: Queue, consumer: Consumer): void {
    assert(!consumer.joined && !queue.deleted, 'a consumer joins one queue, once')
    consumer.joined = true
    const desk = this.deskOf(queue)
    desk.hadConsumer = true
    desk.seats.push(new Seat(consumer, null))
    this.#touch(desk)
  }

  /** Asks for one message; `empty` is called when there is none. Then the consumer is free again. */
  get(queue: Queue, consumer: Consumer, empty: () => void): void {
    assert(!consumer.joined && !queue.deleted, 'a consumer asks one queue at a time')
    consumer.joined = true
    consumer.credit = 1
    assert(consumer.hasRoom, 'who asks for a message can take it')
    const desk = this.deskOf(queue)
    desk.seatGetter(new Seat(consumer, empty))
    this.#touch(desk)
  }

  /** What it holds stays held. Idempotent. */
  leave(queue: Queue, consumer: Consumer): void {
    if (!consumer.joined) return
    consumer.joined = false
    const { seats } = this.deskOf(queue)
    for (const seat of seats) if (seat.consumer === consumer) seats.remove(seat)
  }

  /** Looks at the queue in the next turn: a consumer of it has room again. */
  wake(queue: Queue): void {
    if (!queue.deleted) this.#touch(this.deskOf(queue))
  }

  /** A message was put at the end. */
  published(queue: Queue): void {
    if (queue.desk < 0) return
    const desk = this.#desks[queue.desk]!
    if (desk.seats.size > 0) this.#touch(desk)
  }

  /** Messages that somebody held are done with. */
  settle(queue: Queue, from: number, count: number): void {
    if (!queue.deleted) this.#settlements.settle(this.deskOf(queue), from, count)
  }

  /** Messages that somebody held are ready again, at their place. Uncounted ones never reached anybody. */
  giveBack(queue: Queue, from: number, count: number, counted: 0 | 1): void {
    if (queue.deleted) return
    const desk = this.deskOf(queue)
    this.#settlements.giveBack(desk, from, count, counted)
    this.#touch(desk)
  }

  /** Ready messages go, unseen. Answers how many. */
  purge(queue: Queue): number {
    const count = queue.readyCount
    const desk = this.deskOf(queue)
    for (const sequence of [...queue.living()]) {
      if ((queue.stateOf(sequence) & STATE_BITS) !== READY) continue
      this.#settlements.drop(desk, sequence, 'purged')
    }
    // Whoever asked for it is told that it is done, as for whatever else is done to a queue.
    desk.settledAs = strongest(queue.entryDurability, undefined)
    return count
  }

  /**
   * The queue is about to be deleted: its transient bodies go. Answers what tells its consumers, to be called when
   * it is gone: they may settle what they hold, or ask for the queue again.
   */
  dismiss(queue: Queue): () => void {
    for (const sequence of queue.living()) {
      if ((queue.stateOf(sequence) & TRANSIENT) === 0) continue
      this.#context.transient.release(queue.ticketOf(sequence))
    }
    if (queue.desk < 0) return () => {}
    const desk = this.#desks[queue.desk]!
    this.expiry.forget(desk)
    this.#desks[queue.desk] = null
    this.#free.push(queue.desk)
    queue.desk = -1
    const seats = [...desk.seats]
    for (const seat of seats) {
      desk.seats.remove(seat)
      seat.consumer.joined = false
    }
    return () => {
      for (const { consumer, empty } of seats) {
        if (empty !== null) empty()
        else consumer.receiver.cancelled(consumer)
      }
    }
  }

  /** A run begins, with what was left of those before it. */
  begin(): void {
    const { queues } = this.#context.machine
    const expiring = [...queues.values()].filter(({ expiringThrough }) => expiringThrough > 0)
    this.expiry.begin(expiring.map((queue) => this.deskOf(queue)))
  }

  /** A commit settled: whoever waited for it is looked at again. */
  committed(): void {
    const awaiting = this.#awaitingCommit
    this.#awaitingCommit = []
    for (const desk of awaiting) {
      desk.awaitsCommit = false
      this.#touch(desk)
    }
  }

  /** Hands out what can be handed out. Answers whether some is left for another turn. */
  run(): boolean {
    const dirty = this.#dirty
    this.#dirty = []
    for (const desk of dirty) {
      desk.isDirty = false
      if (!desk.queue.deleted && this.#serve(desk) === 'more') this.#touch(desk)
    }
    return this.#dirty.length > 0
  }

  /** Writes what was settled and given back. Answers whether all of it found room. */
  write(): boolean {
    return this.#settlements.write()
  }

  #serve(desk: Desk): 'more' | 'done' {
    if (desk.queue.expiringThrough > 0) this.expiry.tick()
    const answer = this.#handOut(desk)
    if (desk.queue.expiringThrough > 0) this.expiry.look(desk)
    return answer
  }

  #handOut(desk: Desk): 'more' | 'done' {
    const { engine, limits, machine, transient } = this.#context
    const { queue } = desk
    const { store } = engine
    const through = engine.log.settledThrough
    let bytes = 0
    for (let count = 0; count < limits.dispatchMessages && bytes < limits.dispatchBytes; count++) {
      if (desk.isLoading) return 'done'
      const seat = desk.nextSeat()
      if (seat === null) return 'done'
      const sequence = queue.peekReady()
      if (sequence === 0) {
        this.#tellEmpty(desk)
        return 'done'
      }
      if (sequence <= queue.expiringThrough && this.expiry.drops(desk, sequence)) continue
      const state = queue.stateOf(sequence)
      const ticket = queue.ticketOf(sequence)
      const isTransient = (state & TRANSIENT) !== 0
      if (!isTransient && !this.#mayGo(desk, sequence, { state, ticket, through })) return 'done'
      const entry = isTransient ? transient.peek(ticket) : store.peek(ticket)
      if (entry === null) {
        this.#load(desk, sequence, ticket)
        return 'done'
      }
      const delivery = this.#delivery
      delivery.enter(entry)
      delivery.queue = queue
      delivery.sequence = sequence
      delivery.redelivered = queue.isRedelivered(sequence)
      delivery.deliveries = delivery.redelivered ? queue.deliveriesOf(sequence) : 0
      queue.take(sequence)
      if ((state & LARGE) === 0) {
        // What the consumer gets, so that it can tell what it gave back.
        const size = delivery.headSize + delivery.propertiesSize + delivery.bodySize
        bytes += size
        this.#handOver(desk, seat, size)
      } else bytes += this.#handOverLarge(desk, seat, isTransient ? transient : machine.large)
    }
    return 'more'
  }

  /** Whether it is durable, and the journal knows that it may have been delivered. */
  #mayGo(
    desk: Desk,
    sequence: number,
    message: { readonly state: number; readonly ticket: number; readonly through: number },
  ): boolean {
    if (message.ticket > message.through) {
      const next = desk.queue.stateOf(sequence + 1)
      if ((next & TRANSIENT) !== 0) mark('dispatch/transient-behind-undurable')
      this.#awaitCommit(desk)
      return false
    }
    if (sequence <= desk.markSettled) return true
    if ((message.state & MARKED) !== 0) {
      desk.markSettled = sequence
      return true
    }
    return this.#raiseMark(desk, sequence, message.through)
  }

  /** Beyond the mark: it is raised by one entry for many messages, and waited for. */
  #raiseMark(desk: Desk, sequence: number, through: number): boolean {
    const { engine, limits, machine } = this.#context
    const { queue } = desk
    if (desk.markTicket > 0 && desk.markTicket <= through) {
      desk.markSettled = Math.max(desk.markSettled, desk.markPending)
      desk.markTicket = 0
      if (sequence <= desk.markSettled) return true
    }
    if (desk.markTicket === 0) {
      const through = Math.min(queue.nextSequence - 1, sequence + limits.markAhead)
      const ticket = writeMark(engine.log, queue, through)
      if (ticket > 0) {
        mark('dispatch/mark-raised')
        desk.markTicket = ticket
        desk.markPending = through
        machine.raiseMark(queue, through)
      } else {
        // Maybe nothing is on its way to the disk, so that no commit would wake us.
        mark('dispatch/mark-waits-for-room')
        this.#awaitRoom()
      }
    }
    this.#awaitCommit(desk)
    return false
  }

  #handOver(desk: Desk, seat: Seat, size: number): void {
    const { consumer } = seat
    const { queue, sequence } = this.#delivery
    consumer.credit--
    consumer.creditBytes -= size
    if (seat.empty === null) desk.rotate(seat)
    else {
      desk.seats.remove(seat)
      consumer.joined = false
    }
    consumer.receiver.deliver(this.#delivery, consumer)
    if (consumer.settling === 'on-delivery') this.settle(queue!, sequence, 1)
  }

  /** The message has a body that lies elsewhere: whoever gets it reads it. Answers the bytes it is charged with. */
  #handOverLarge(desk: Desk, seat: Seat, bodies: { get(ticket: number): LargeBody }): number {
    const delivery = this.#delivery
    const { queue } = desk
    const body = bodies.get(queue.ticketOf(delivery.sequence))
    const size = queue.sizeOf(delivery.sequence)
    delivery.bodySize = body.sizeBytes
    delivery.reading = new Reading(this.#context.engine.store, body)
    this.#handOver(desk, seat, size)
    delivery.reading = null
    return size
  }

  /** Whoever asked for one message and not for the next hears that there is none. */
  #tellEmpty(desk: Desk): void {
    for (const { empty } of desk.dismissGetters()) empty?.()
  }

  #load(desk: Desk, sequence: number, ticket: number): void {
    const { queue } = desk
    desk.isLoading = true
    // Served at once: until the next turn, bodies of other queues could have pushed this one out again.
    const done = (): void => {
      desk.isLoading = false
      if (queue.deleted || !this.#context.isRunning()) return
      if (this.#serve(desk) === 'more') this.#touch(desk)
    }
    const { engine, transient } = this.#context
    const isTransient = (queue.stateOf(sequence) & TRANSIENT) !== 0
    const loading = isTransient ? transient.load(ticket) : engine.store.load(ticket)
    loading.then(
      () => {
        mark('dispatch/body-loaded')
        done()
      },
      (error: unknown) => {
        // Who purged or deleted the queue meanwhile took the body along.
        const isThere = (queue.stateOf(sequence) & STATE_BITS) !== GONE
        if (queue.deleted || !isThere || queue.ticketOf(sequence) !== ticket) return done()
        if (isTransient) return this.#lose(desk, sequence, done)
        const again = (): void => this.#load(desk, sequence, ticket)
        // Anything but a disk that does not answer is damage.
        if (!this.#context.readFailures.retry(error, again)) this.#context.fail(error)
      },
    )
  }

  /** Of a message that was only in memory or in a scratch the body is gone for good: so is the message. */
  #lose(desk: Desk, sequence: number, done: () => void): void {
    if (!this.#context.isRunning()) return
    mark('dispatch/transient-lost')
    this.settle(desk.queue, sequence, 1)
    done()
  }

  #touch(desk: Desk): void {
    if (desk.isDirty) return
    desk.isDirty = true
    this.#dirty.push(desk)
    this.#context.plan()
  }

  #awaitCommit(desk: Desk): void {
    if (desk.awaitsCommit) return
    desk.awaitsCommit = true
    this.#awaitingCommit.push(desk)
  }

  /** Everybody who waits is looked at again once there is room in the journal. */
  #awaitRoom(): void {
    if (this.#isAwaitingRoom) return
    this.#isAwaitingRoom = true
    void this.#context.engine.log.room().then(() => {
      this.#isAwaitingRoom = false
      this.committed()
      this.#context.plan()
    })
  }
}
