/**
 * The Runtime is a running broker: it owns the machine and the journal below it, writes what is published,
 * hands out what is due, and says what became durable. Gateways and the embedded API are its callers; it
 * knows none of their protocols.
 *
 *   callers --publish, settle, declare--> entries --commit--> answers, deliveries --> callers
 *                                            |                      ^
 *                                          machine  ----- turn -----+
 */
import { unlessAborted } from '../base/abort.ts'
import type { Log as OperatorLog } from '../base/log.ts'
import { mark } from '../base/mark.ts'
import type { World } from '../base/ports.ts'
import type { Engine } from '../journal/engine.ts'
import type { JournalStopped } from '../journal/errors.ts'
import type { JournalLimits } from '../journal/limits.ts'
import type { Batch, BatchView } from '../machine/batch.ts'
import type { DurabilityMode } from '../machine/durability.ts'
import type { Commitment, Committed } from '../machine/group.ts'
import type { Machine } from '../machine/machine.ts'
import type { Content } from '../machine/message.ts'
import type { Namespace } from '../machine/namespace.ts'
import type { Partition } from '../machine/partition.ts'
import { planRoute } from '../machine/plan.ts'
import type { Queue } from '../machine/queue.ts'
import { isRefusal, type Refusal } from '../machine/refusal.ts'
import type { Route } from '../machine/route.ts'
import { Arrivals } from './arrivals.ts'
import { BatchReads } from './batch-reads.ts'
import { Commits } from './commits.ts'
import type { Consumer } from './consumer.ts'
import type { Context, Flushable } from './context.ts'
import { Declarations } from './declarations.ts'
import { Dispatcher } from './dispatcher.ts'
import { NO_ROOM_TO_STOP, sayGoodbye } from './goodbye.ts'
import { JournalTime } from './journal-time.ts'
import { type BrokerLimits, checkedBrokerLimits } from './limits.ts'
import { type Opened, openEngine } from './open-engine.ts'
import { PartitionDesks } from './partitions.ts'
import { type Persistence, Publisher } from './publisher.ts'
import { ReadFailures } from './read-failures.ts'
import { sayRestarted } from './restarted.ts'
import { type HeldWhy, Room } from './room.ts'
import { SnapshotTaker } from './snapshot-taker.ts'
import { TransientBodies } from './transient.ts'

export const DEFAULT_NAMESPACE = '/'

const IDENTITY_BYTES = 16

export type RuntimeOptions = {
  readonly world: World
  /** null keeps everything in memory, whatever the durability. */
  readonly directory: string | null
  readonly durability: DurabilityMode
  readonly log: OperatorLog
  readonly limits?: Partial<BrokerLimits>
  readonly journalLimits?: Partial<JournalLimits>
  /** The journal failed: nothing is acknowledged any more, and the process has to stop. */
  readonly stopped?: (error: Error) => void
  /** Nobody wants the runtime any more that is being opened. */
  readonly signal?: AbortSignal | undefined
}

export class Runtime {
  readonly world: World
  readonly durability: DurabilityMode
  readonly limits: BrokerLimits
  readonly machine: Machine
  readonly commits: Commits
  readonly declare: Declarations
  readonly log: OperatorLog
  readonly time: JournalTime
  /** The way in of bodies over `limits.bodyBytes`. */
  readonly arrivals: Arrivals
  /** Whoever cannot read what is kept asks it what to do. */
  readonly readFailures: ReadFailures
  readonly #engine: Engine
  readonly #transient: TransientBodies
  readonly #dispatcher: Dispatcher
  readonly #publisher: Publisher
  readonly #room: Room
  readonly #partitions = new PartitionDesks()
  readonly #snapshots: SnapshotTaker
  readonly #batches: BatchReads
  readonly #stopped: (error: Error) => void
  #flushables: Flushable[] = []
  #isPlanned = false
  #closed: Promise<void> | null = null
  #failure: Error | null = null

  constructor(options: RuntimeOptions, { engine, machine, scratch }: Opened) {
    const { world, log } = options
    this.world = world
    this.log = log
    this.durability = options.directory === null ? 'memory' : options.durability
    this.limits = checkedBrokerLimits(options.limits ?? {})
    this.machine = machine
    this.#engine = engine
    this.#batches = new BatchReads(engine.store)
    this.commits = new Commits(engine.log.settledThrough)
    this.#stopped = options.stopped ?? (() => {})
    this.time = new JournalTime(world.clock, machine.newestMs, (text) => log.warn(text))
    const limits = { ...options.journalLimits, memoryBytes: this.limits.transientBytes }
    const owner = { queues: machine.queues, store: engine.store, scratch }
    this.#transient = new TransientBodies(world.scheduler, limits, owner)
    this.readFailures = new ReadFailures({ scheduler: world.scheduler, clock: world.clock, log })
    const context: Context = {
      machine,
      engine,
      transient: this.#transient,
      limits: this.limits,
      durability: this.durability,
      scheduler: world.scheduler,
      readFailures: this.readFailures,
      time: this.time,
      plan: () => this.#plan(),
      isRunning: () => this.#failure === null && this.#closed === null,
      fail: (error) => this.fail(error),
    }
    this.#dispatcher = new Dispatcher(context)
    this.#room = new Room(engine, this.#transient)
    this.#publisher = new Publisher(context, {
      dispatcher: this.#dispatcher,
      partitions: this.#partitions,
      room: this.#room,
    })
    this.arrivals = new Arrivals(context, this.#room, this.#publisher)
    const { commits } = this
    const parts = { commits, dispatcher: this.#dispatcher, partitions: this.#partitions }
    this.declare = new Declarations(context, parts)
    const writeDown = (): boolean => this.#dispatcher.write()
    this.#snapshots = new SnapshotTaker(context, { log, writeDown })
  }

  /** Opens the directory, or memory; rejects with a JournalError that says what to do. */
  static async open(options: RuntimeOptions): Promise<Runtime> {
    let runtime: Runtime | null = null
    const events = {
      settled: (through: number) => runtime?.settled(through),
      stopped: (error: JournalStopped) => runtime?.fail(error),
    }
    const opened = await openEngine(options, events)
    runtime = new Runtime(options, opened)
    try {
      await runtime.#begin(options.signal)
      return runtime
    } catch (error) {
      await opened.engine.close()
      throw error
    }
  }

  /** The namespace, or undefined. */
  namespace(name: string): Namespace | undefined {
    return this.machine.namespaces.get(name)
  }

  /** 16 bytes that this broker keeps for life. */
  get identity(): Uint8Array {
    return this.machine.identity
  }

  /** Bytes of chance, a multiple of four. */
  chance(size: number): Uint8Array {
    const bytes = new Uint8Array(size)
    const view = new DataView(bytes.buffer)
    for (let at = 0; at < size; at += 4) view.setUint32(at, this.world.random.u32())
    return bytes
  }

  /** Why nothing is taken any more; null while all is well. */
  get failure(): Error | null {
    return this.#failure
  }

  /** Publishers are held because the disk is full, not because it is slow. */
  get isDiskFull(): boolean {
    return this.#room.isDiskFull
  }

  /** Why the last publish or append was HELD: to be asked right after it. */
  get heldWhy(): HeldWhy {
    return this.#room.why
  }

  get references(): number {
    return this.#engine.store.references
  }

  /** Who gets what is published there; to be kept and asked anew when it is stale. */
  route(namespace: Namespace, exchange: string, key: string): Route | Refusal {
    return planRoute(namespace, exchange, key)
  }

  /**
   * Publishes to everybody on the route. Answers the ticket to wait for, 0 when there is nothing to wait for,
   * or HELD. The body may have `limits.bodyBytes` at most; the caller has looked.
   */
  publish(route: Route, content: Content, persistence: Persistence): number {
    return this.#publisher.publish(route, content, persistence)
  }

  /** Appends a batch. Answers the ticket to wait for, or HELD. The first record gets `partition.nextOffset`. */
  append(partition: Partition, batch: Batch): number {
    return this.#publisher.append(partition, batch)
  }

  /** Answers the ticket to wait for, or HELD. Makes the group if it is new. */
  commitOffsets(namespace: Namespace, name: string, commitments: readonly Commitment[]): number {
    return this.#publisher.commitOffsets(namespace, name, commitments)
  }

  /** Every record before this offset can be read. */
  visibleOffset(partition: Partition): number {
    return this.#partitions.visibleOffset(partition)
  }

  /** The batch in row `row` if it is in memory, else null: then `load` it. Valid until the next call or turn. */
  batch(partition: Partition, row: number): BatchView | null {
    return this.#batches.peek(partition.ticketOf(row))
  }

  /** Brings a batch into memory, so that `batch` in the same turn answers it. */
  load(partition: Partition, row: number): Promise<void> {
    return this.#batches.load(partition.ticketOf(row))
  }

  /** `watcher` is told when more of the partition can be read, until it is taken off. */
  watch(partition: Partition, watcher: { appended(partition: Partition): void }): void {
    this.#partitions.watch(partition, watcher)
  }

  unwatch(partition: Partition, watcher: { appended(partition: Partition): void }): void {
    this.#partitions.unwatch(partition, watcher)
  }

  /** Where the group goes on, or undefined when it never said. */
  committed(namespace: Namespace, name: string, partition: Partition): Committed | undefined {
    return namespace.groups.get(name)?.offsets.get(partition.id)
  }

  join(queue: Queue, consumer: Consumer): void {
    this.#dispatcher.join(queue, consumer)
  }

  get(queue: Queue, consumer: Consumer, empty: () => void): void {
    this.#dispatcher.get(queue, consumer, empty)
  }

  /** What the consumer holds stays held. A queue that goes with its last consumer goes now. */
  leave(queue: Queue, consumer: Consumer): void {
    this.#dispatcher.leave(queue, consumer)
    if (queue.deleted || !queue.options.autoDelete) return
    const desk = this.#dispatcher.deskOf(queue)
    if (!desk.hadConsumer || desk.seats.size > 0) return
    this.declare.deleteQueue(queue).catch((error: unknown) => this.fail(error))
  }

  /** A consumer of the queue has room again. */
  wake(queue: Queue): void {
    this.#dispatcher.wake(queue)
  }

  settle(queue: Queue, from: number, count: number): void {
    this.#dispatcher.settle(queue, from, count)
  }

  giveBack(queue: Queue, from: number, count: number, counted: 0 | 1): void {
    this.#dispatcher.giveBack(queue, from, count, counted)
  }

  consumerCount(queue: Queue): number {
    return queue.desk < 0 ? 0 : this.#dispatcher.deskOf(queue).seats.size
  }

  /** Who alone may use the queue; null for everybody. */
  ownerOf(queue: Queue): object | null {
    return queue.desk < 0 ? null : this.#dispatcher.deskOf(queue).owner
  }

  /** A consumer may have the queue to itself, until it says otherwise. */
  isTaken(queue: Queue): boolean {
    return queue.desk >= 0 && this.#dispatcher.deskOf(queue).isTaken
  }

  setTaken(queue: Queue, taken: 'taken' | 'free'): void {
    this.#dispatcher.deskOf(queue).isTaken = taken === 'taken'
  }

  /** Calls once when something that was HELD is worth another try. */
  whenRoom(callback: () => void): void {
    this.#room.when(callback)
  }

  /** Whoever waited for room has given up. */
  forgetRoom(callback: () => void): void {
    this.#room.forget(callback)
  }

  /** Calls `flush` once at the end of this turn. */
  atTurnEnd(flushable: Flushable): void {
    this.#flushables.push(flushable)
    this.#plan()
  }

  /** Every commit ends here. Called by the engine. */
  settled(through: number): void {
    this.#room.settled()
    // Before anybody hears of it: what an answer leads to has to find what was answered.
    this.#partitions.committed(through)
    this.commits.settle(through)
    this.#dispatcher.committed()
    this.#turn()
    this.#snapshots.consider()
  }

  /** Nothing is acknowledged any more. */
  fail(error: unknown): void {
    if (this.#failure !== null) return
    mark('runtime/failed')
    this.#failure = error instanceof Error ? error : new Error(String(error))
    this.commits.stop(this.#failure)
    this.#wakeAll()
    this.#stopped(this.#failure)
  }

  /** Nobody may hold anything any more. Writes what is left, says goodbye, lets go. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #begin(signal: AbortSignal | undefined): Promise<void> {
    const isOver = (): boolean => this.#failure !== null || signal?.aborted === true
    const words = { isOver, operator: this.log }
    // It may wait as long as the disk is full.
    await unlessAborted(signal, () => sayRestarted(this.#engine.log, this.machine, words))
    this.#dispatcher.begin()
    await this.declare.broker(this.chance(IDENTITY_BYTES))
    const made = await this.declare.namespace(DEFAULT_NAMESPACE)
    if (this.#failure !== null) throw this.#failure
    if (isRefusal(made)) throw new Error(`the first namespace was refused: ${made.kind}`)
  }

  async #close(): Promise<void> {
    this.#dispatcher.expiry.close()
    await this.#snapshots.close()
    // Under the journal's lock, and before the last words: nothing is said behind them.
    await this.#transient.close()
    const { log } = this.#engine
    const isWritten = await sayGoodbye(log, this.machine, {
      isOver: () => this.#failure !== null,
      writeDown: () => this.#dispatcher.write(),
    })
    if (!isWritten) this.log.warn(NO_ROOM_TO_STOP)
    await this.#engine.close()
    const error = new Error('the broker was closed')
    this.#failure ??= error
    this.commits.stop(error)
    this.#wakeAll()
  }

  /** There is nothing to wait for any more. */
  #wakeAll(): void {
    this.readFailures.stop()
    this.#room.wake()
    this.arrivals.stop()
  }

  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    this.world.scheduler.soon(this.#runTurn)
  }

  readonly #runTurn = (): void => {
    this.#isPlanned = false
    this.#turn()
  }

  #turn(): void {
    if (this.#failure !== null) return
    // What is handed out at the end would be missing from what the next start calls redelivered.
    const more = this.#closed === null && this.#dispatcher.run()
    this.#dispatcher.write()
    const flushables = this.#flushables
    this.#flushables = []
    for (const flushable of flushables) flushable.flush()
    if (more) this.#plan()
  }
}
