/**
 * What the members of a coordinator share, by name, and for how long each of it is kept. The coordinator owns it;
 * it knows no connection and waits for nobody.
 */
import { BarrierMisuse } from '../barrier-contract.ts'
import { Election } from '../election.ts'
import { Latch } from '../latch.ts'
import { Mutex } from '../mutex.ts'
import { RwLock } from '../rw-lock.ts'
import { Semaphore } from '../semaphore.ts'
import { SyncClosed, SyncMisuse } from '../sync-errors.ts'
import { Meeting } from './meeting.ts'
import type { ProcessWorld } from './world.ts'

/** Names of each kind, and deaths that nobody was told of yet. */
const namesMax = 4_096 // a typing error in a loop shall end in an error and not in all memory

/** Things of one kind by their names. */
class Names<T> {
  readonly #plural: string
  readonly #Misuse: new (
    message: string,
  ) => Error
  readonly #known = new Map<string, T>()

  constructor(plural: string, Misuse: new (message: string) => Error = SyncMisuse) {
    this.#plural = plural
    this.#Misuse = Misuse
  }

  get(name: string): T | undefined {
    return this.#known.get(name)
  }

  /** The one of that name, made if there is none. */
  open(name: string, make: () => T): T {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    if (this.#known.size >= namesMax) {
      throw new this.#Misuse(`there are ${namesMax} ${this.#plural}`)
    }
    const made = make()
    this.#known.set(name, made)
    return made
  }

  delete(name: string): void {
    this.#known.delete(name)
  }

  values(): Iterable<T> {
    return this.#known.values()
  }
}

/** Something that must be remembered until somebody closes it, because who comes late has to find it as it is. */
class Lasting {
  readonly name: string
  /** What members call it by. Never used again: one that was closed is not taken for its successor. */
  readonly id: number
  readonly #closed = new AbortController()

  constructor(name: string, id: number) {
    this.name = name
    this.id = id
  }

  /** Fires when it is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  close(): void {
    this.#closed.abort(new SyncClosed(`'${this.name}' has been closed`))
  }
}

class SharedLatch extends Lasting {
  readonly latch: Latch
  /** What it began with. */
  readonly total: number

  constructor(name: string, id: number, latch: { readonly total: number; readonly latch: Latch }) {
    super(name, id)
    this.total = latch.total
    this.latch = latch.latch
  }
}

class SharedOnce extends Lasting {
  /** Held by whoever runs it. */
  readonly running: Mutex
  isDone: boolean = false

  constructor(name: string, id: number, running: Mutex) {
    super(name, id)
    this.running = running
  }
}

export class Agenda {
  readonly #world: ProcessWorld
  readonly #meetings = new Names<Meeting>('barriers', BarrierMisuse)
  readonly #semaphores = new Names<Semaphore>('semaphores')
  readonly #locks = new Names<RwLock>('read-write locks')
  readonly #elections = new Names<Election>('elections')
  readonly #latches = new Names<SharedLatch>('latches')
  readonly #onces = new Names<SharedOnce>('onces')
  readonly #lasting = new Map<number, SharedLatch | SharedOnce>()
  /** What somebody held who died, until the next holder is told. */
  readonly #legacies = new Set<string>()
  #ids = 0

  constructor(world: ProcessWorld) {
    this.#world = world
  }

  meeting(name: string, parties: number | null): Meeting {
    return this.#meetings.open(name, () => new Meeting(name, parties, this.#world))
  }

  /** A meeting that nobody takes part in is forgotten, broken or not: the next one starts afresh. */
  leftMeeting(name: string): void {
    if (this.#meetings.get(name)?.empty === true) this.#meetings.delete(name)
  }

  semaphore(name: string, total: number): Semaphore {
    const semaphore = this.#semaphores.open(name, () => new Semaphore(total, this.#world))
    if (semaphore.permits === total) return semaphore
    throw new SyncMisuse(`'${name}' has ${semaphore.permits} permits, not ${total}`)
  }

  /** A semaphore that is not in use is forgotten. */
  leftSemaphore(name: string): void {
    const semaphore = this.#semaphores.get(name)
    if (semaphore !== undefined && semaphore.available === semaphore.permits) {
      this.#semaphores.delete(name)
    }
  }

  lock(name: string): RwLock {
    return this.#locks.open(name, () => new RwLock(this.#world))
  }

  /** The same for a read-write lock. */
  leftLock(name: string): void {
    const lock = this.#locks.get(name)
    if (lock !== undefined && lock.readers === 0 && !lock.writing) this.#locks.delete(name)
  }

  /** Kept for ever, because terms must grow: who lost the leadership long ago must still be told apart. */
  election(name: string): Election {
    return this.#elections.open(name, () => new Election(this.#world))
  }

  /** Kept until it is closed: who comes after the last one has counted must pass. */
  latch(name: string, total: number): SharedLatch {
    const latch = this.#latches.open(name, () => {
      const inside = { total, latch: new Latch(total, this.#world) }
      return this.#last(new SharedLatch(name, this.#nextId(), inside))
    })
    if (latch.total === total) return latch
    throw new SyncMisuse(`'${name}' counts down from ${latch.total}, not from ${total}`)
  }

  /** Kept until it is closed: who comes after it was done must find that. */
  once(name: string): SharedOnce {
    return this.#onces.open(name, () =>
      this.#last(new SharedOnce(name, this.#nextId(), new Mutex(this.#world))),
    )
  }

  latchOf(id: number): SharedLatch {
    const latch = this.#lasting.get(id)
    if (latch instanceof SharedLatch) return latch
    throw new SyncClosed('the latch has been closed')
  }

  onceOf(id: number): SharedOnce {
    const once = this.#lasting.get(id)
    if (once instanceof SharedOnce) return once
    throw new SyncClosed('the once has been closed')
  }

  /** Ends a latch or a once for everybody, and frees its name. */
  closeLasting(id: number): void {
    const lasting = this.#lasting.get(id)
    if (lasting === undefined) return
    this.#lasting.delete(id)
    if (lasting instanceof SharedLatch) this.#latches.delete(lasting.name)
    else this.#onces.delete(lasting.name)
    lasting.close()
  }

  /** Somebody died who held this: what it protects may be half done. */
  leaveLegacy(what: string): void {
    this.#legacies.add(what)
    // Names that nobody ever holds again must not fill the memory; the oldest is forgotten.
    if (this.#legacies.size <= namesMax) return
    for (const oldest of this.#legacies) {
      this.#legacies.delete(oldest)
      return
    }
  }

  /** Whether somebody died holding it since anybody was told. */
  takeLegacy(what: string): boolean {
    return this.#legacies.delete(what)
  }

  async close(): Promise<void> {
    for (const election of this.#elections.values()) election.close()
    for (const lasting of this.#lasting.values()) lasting.close()
    await Promise.all([...this.#meetings.values()].map((meeting) => meeting.close()))
  }

  #nextId(): number {
    this.#ids++
    return this.#ids
  }

  #last<L extends SharedLatch | SharedOnce>(lasting: L): L {
    this.#lasting.set(lasting.id, lasting)
    return lasting
  }
}
