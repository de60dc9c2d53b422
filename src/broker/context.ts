/** What the parts of the runtime share: the state, where it is kept, and how to ask for a turn. Types only. */
import type { Scheduler } from '../base/ports.ts'
import type { Engine } from '../journal/engine.ts'
import type { DurabilityMode } from '../machine/durability.ts'
import type { Machine } from '../machine/machine.ts'
import type { JournalTime } from './journal-time.ts'
import type { BrokerLimits } from './limits.ts'
import type { ReadFailures } from './read-failures.ts'
import type { TransientBodies } from './transient.ts'

export type Context = {
  readonly machine: Machine
  readonly engine: Engine
  readonly transient: TransientBodies
  readonly limits: BrokerLimits
  /** The broker's own, which entries have that ask for no other. */
  readonly durability: DurabilityMode
  readonly scheduler: Scheduler
  readonly readFailures: ReadFailures
  readonly time: JournalTime
  /** Asks for a turn of the runtime: soon, and once however often it is asked for. */
  readonly plan: () => void
  /** Whether anything may still be handed out: it has neither failed nor is it closing. */
  readonly isRunning: () => boolean
  /** Something that must not fail did, outside of anybody's call. */
  readonly fail: (error: unknown) => void
}

/** Whatever writes to a socket once a turn, however much it was given in it. */
export interface Flushable {
  flush(): void
}
