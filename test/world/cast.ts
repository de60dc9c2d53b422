/** Who plays in a world, by which doors they come in, and what has to be empty in the end. Types only. */
import type { Random } from '../../src/base/ports.ts'
import type { Runtime } from '../../src/broker/runtime.ts'
import type { SimNetwork } from '../sim/sim-net.ts'
import type { Client, Session } from './session.ts'
import type { Witness } from './witness.ts'

export interface Cast {
  /** Those who come to an end by themselves. */
  readonly finite: readonly Client[]
  /** All the others. */
  readonly endless: readonly Client[]
  /** Drained once all faults are over. */
  readonly queues: readonly string[]
  /** Opens the doors of a broker that has started. */
  open(runtime: Runtime): Promise<Doors>
  /** Readers that have not seen everything, by name. */
  behind(session: Session): readonly string[]
}

/** What clients from outside come in by. */
export interface Doors {
  /** Nobody comes in any more, and whoever is in goes. */
  close(): Promise<void>
}

export type Casting = (stage: {
  readonly random: Random
  readonly witness: Witness
  readonly network: SimNetwork
}) => Cast
