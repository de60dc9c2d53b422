/**
 * The disk's side of the commit thread: it hands commits and reads over in order, settles their promises, and
 * owns the thread. The thread starts with the first of them, or ahead of it, and sleeps in between; it
 * keeps the process alive only while one is under way. A commit that the loop has time for is run here instead,
 * if none is under way (commit-place.ts).
 */
import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { limits } from '../base/limits.ts'
import { DiskError } from '../base/ports.ts'
import { Ring } from '../base/ring.ts'
import { type CommitCalls, CommitLoop, systemCalls } from './commit-loop.ts'
import { CommitPlace, type Moment } from './commit-place.ts'
import {
  CommitTable,
  type Outcome,
  type PiecePlace,
  type SlabMessage,
  type TableEntry,
  type Work,
} from './commit-table.ts'
import { diskErrorOfNumber } from './disk-errors.ts'

/** What a commit behind one that failed is told. */
const FAILED: Outcome = { errno: constants.errno.EIO, size: 0 }

const FILE_MAX = 2 ** 31 - 1 // what a word of the table says; used anew after two thousand million openings

/** A commit or a read that waits or is under way. */
export interface Order {
  readonly handle: number
  /** From `nextFile`. */
  readonly file: number
  readonly path: string
  readonly pieces: readonly Uint8Array[]
  readonly position: number
  readonly work: Work
  /** Told how many bytes were read. */
  readonly resolve: (size: number) => void
  readonly reject: (error: DiskError) => void
}

interface Waiting {
  readonly order: Order
  readonly entry: TableEntry
  /** When a commit was handed to a thread that had nothing else to do; `null` if others were before it. */
  readonly startedMs: number | null
}

/** What tests put in the place of this machine. */
export interface CommitThreadOptions {
  /** For the commits that run here. */
  readonly calls?: CommitCalls
  readonly place?: Pick<CommitPlace, 'choose' | 'ended'>
}

export class CommitThread {
  /** In the order of asking. The first #posted - #settled of them are with the thread. */
  readonly #orders: Ring<Waiting>
  /** Number of the next order to be handed over. Invariant: #settled <= #posted. */
  #posted: number
  /** Number of the next order to be settled. */
  #settled: number
  /** `null` before it was started and after the end. */
  #running: Running | null
  /** Why no order is taken any more; `null` while they are. */
  #failure: string | null
  #files: number
  readonly #place: Pick<CommitPlace, 'choose' | 'ended'>
  /** Knows all files of which a commit failed, there or here. */
  readonly #here: CommitLoop

  constructor({ calls = systemCalls, place = new CommitPlace() }: CommitThreadOptions = {}) {
    this.#orders = new Ring()
    this.#posted = 0
    this.#settled = 0
    this.#running = null
    this.#failure = null
    this.#files = 0
    this.#place = place
    this.#here = new CommitLoop(calls)
  }

  /** A number for a file that was just opened: its orders carry it. */
  nextFile(): number {
    this.#files = (this.#files + 1) & FILE_MAX
    return this.#files
  }

  /** Starts the thread, so that the first commit need not wait for it. Idempotent, and nothing once it ended. */
  start(): void {
    if (this.#failure === null) this.#running ??= this.#start()
  }

  /** Whether it runs: what is asked of it now need not wait for its start. */
  get isUp(): boolean {
    return this.#running?.table.isUp ?? false
  }

  /** Takes one order; calls its `resolve` or `reject` once, later, in the order of asking. */
  take(order: Order): void {
    assert(this.#orders.size < limits.commitsQueued, 'too many orders wait for the disk')
    assert(order.pieces.length <= limits.commitPieces, 'a commit of too many pieces')
    if (this.#failure !== null) {
      order.reject(new DiskError('other', order.path, this.#failure))
      return
    }
    if (order.work === 'read') {
      this.#post(order, null)
      return
    }
    if (this.#here.refuses(order.file)) {
      settle(order, FAILED)
      return
    }
    const started = this.#orders.size === 0 ? now() : null
    if (started !== null && this.#place.choose(sizeOf(order.pieces), started) === 'here') {
      this.#runHere(order, order.work, started)
      return
    }
    this.#post(order, started)
  }

  /** To the thread. `started` says when, if it is a commit and the thread has nothing else to do. */
  #post(order: Order, started: Moment | null): void {
    this.#running ??= this.#start()
    // The order holds its pieces until it is settled, so no slab of its is collected before.
    const entry = entryOf(order, this.#running.slabs)
    this.#orders.push({ order, entry, startedMs: started?.nowMs ?? null })
    this.#handOver(this.#running)
    if (this.#orders.size === 1) {
      this.#running.worker.ref()
      void this.#watch(this.#running)
    }
  }

  /** On the thread of the loop. None is under way, so the order of asking is kept. */
  #runHere(order: Order, sync: 'sync' | 'no-sync', started: Moment): void {
    let errno: number
    try {
      errno = this.#here.run({ ...order, sync })
    } catch (error) {
      // No error of the system, so nobody knows what is written: as if the thread had died of it.
      this.#failure ??= `a commit failed: ${String(error)}`
      if (this.#running !== null) this.#end(this.#running)
      order.reject(new DiskError('io', order.path, this.#failure))
      return
    }
    const ended = now()
    this.#place.ended(ended.nowMs - started.nowMs, ended)
    settle(order, { errno, size: 0 })
  }

  /** Ends the thread once the orders under way are done. Idempotent. */
  async close(): Promise<void> {
    this.#failure ??= 'the disk is closed'
    const running = this.#running
    if (running === null) return
    if (this.#orders.size === 0) this.#end(running)
    await running.ended
  }

  #start(): Running {
    const table = new CommitTable()
    const worker = new Worker(new URL('./disk-thread.js', import.meta.url), {
      workerData: table.memory,
      execArgv: [], // whatever this process was started with is not meant for the thread
    })
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        this.#lose('the commit thread has ended')
        resolve()
      })
    })
    worker.once('error', (error: Error) => this.#lose(`the commit thread failed: ${error.message}`))
    worker.unref()
    return { table, worker, ended, slabs: new Slabs(table, worker), isEnding: false }
  }

  /** Fills the thread's slots with what waits. */
  #handOver(running: Running): void {
    while (this.#posted - this.#settled < Math.min(limits.commitsInThread, this.#orders.size)) {
      const { entry } = this.#orders.at(this.#posted - this.#settled)
      running.table.post(this.#posted, entry)
      this.#posted++
    }
  }

  /** Settles orders as the thread finishes them, until none is under way. */
  async #watch(running: Running): Promise<void> {
    // A wait on the counter, not a message: 5% less latency at 4 and 64 KiB, measured in turn.
    while (this.#orders.size > 0) {
      await running.table.whenDone(this.#settled)
      this.#settle(running)
    }
    running.worker.unref()
    if (this.#failure !== null) this.#end(running)
  }

  /** As many as are done by now, not only the one that was waited for. */
  #settle(running: Running): void {
    while (this.#settled < this.#posted && running.table.isDone(this.#settled)) {
      const outcome = running.table.outcomeOf(this.#settled)
      const waiting = this.#orders.shift()
      assert(waiting !== undefined, 'an order was settled that nobody gave')
      this.#settled++
      // First the thread gets its next work, then the owner hears.
      this.#handOver(running)
      const { order, startedMs } = waiting
      if (outcome.errno !== 0 && order.work !== 'read') this.#here.refuse(order.file)
      const ended = now()
      if (startedMs !== null) this.#place.ended(ended.nowMs - startedMs, ended)
      settle(order, outcome)
    }
  }

  #end(running: Running): void {
    if (running.isEnding) return
    running.isEnding = true
    running.worker.ref()
    running.table.post(this.#posted, null)
  }

  /** The thread is gone: what it had may be written or not, and nobody will say. */
  #lose(reason: string): void {
    this.#failure ??= reason
    this.#running = null
    while (this.#orders.size > 0) {
      const order = this.#orders.shift()?.order
      order?.reject(new DiskError('io', order.path, reason))
    }
  }
}

/** What lives as long as the thread. */
interface Running {
  readonly table: CommitTable
  readonly worker: Worker
  readonly ended: Promise<void>
  readonly slabs: Slabs
  isEnding: boolean
}

/**
 * The shared memory that the thread knows. Each slab is sent once; when its last view here has been
 * collected, the thread is told to forget it too, or the memory would stay for ever. Neither
 * happens soon, because the collector does not count shared memory: owners pool it.
 */
class Slabs {
  readonly #table: CommitTable
  readonly #worker: Worker
  readonly #numbers: WeakMap<SharedArrayBuffer, number>
  readonly #collected: FinalizationRegistry<number>
  #next: number

  constructor(table: CommitTable, worker: Worker) {
    this.#table = table
    this.#worker = worker
    this.#numbers = new WeakMap()
    this.#collected = new FinalizationRegistry((slab) => this.#send({ kind: 'forget', slab }))
    this.#next = 0
  }

  placeOf(piece: Uint8Array): PiecePlace {
    const { buffer, byteOffset: offset, byteLength: size } = piece
    assert(buffer instanceof SharedArrayBuffer, 'a piece must come from `allocate`')
    let slab = this.#numbers.get(buffer)
    if (slab === undefined) {
      slab = this.#next++
      this.#numbers.set(buffer, slab)
      this.#collected.register(buffer, slab)
      this.#send({ kind: 'slab', slab, memory: buffer })
    }
    return { slab, offset, size }
  }

  #send(message: SlabMessage): void {
    this.#worker.postMessage(message)
    this.#table.countMessage()
  }
}

function settle({ work, path, resolve, reject }: Order, { errno, size }: Outcome): void {
  if (errno === 0) resolve(size)
  else reject(diskErrorOfNumber(errno, work === 'read' ? 'read' : 'commit', path))
}

function now(): Moment {
  return { nowMs: performance.now(), idleMs: performance.nodeTiming.idleTime }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  let size = 0
  for (const piece of pieces) size += piece.length
  return size
}

function entryOf(order: Order, slabs: Slabs): TableEntry {
  const { handle, file, work, position } = order
  return { handle, file, work, position, pieces: order.pieces.map((piece) => slabs.placeOf(piece)) }
}
