/** A pool of real threads survives what its threads do to themselves. */
import { poolCrashContract } from '../../test/contracts/pool-crash-contract.ts'

poolCrashContract('threads')
