/** A pool of real processes survives what its processes do to themselves. */
import { poolCrashContract } from '../../test/contracts/pool-crash-contract.ts'

poolCrashContract('processes')
