/** A pool of real processes keeps what every pool keeps, and leaves no process behind. */
import { poolContract } from '../../test/contracts/pool-contract.ts'

poolContract('processes')
