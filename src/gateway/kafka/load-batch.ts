/** Bringing a batch into memory, for whatever answers with it. What cannot be read is told here to the operator. */
import type { Runtime } from '../../broker/runtime.ts'
import type { Partition } from '../../machine/partition.ts'
import { isGone } from './fetch-plan.ts'

/** False: it is there, and cannot be read now. True: it was read, or is gone, and may be looked for again. */
export async function loadBatch(
  broker: Runtime,
  partition: Partition,
  row: number,
): Promise<boolean> {
  try {
    await broker.load(partition, row)
    return true
  } catch (error) {
    if (isGone(partition, row)) return true
    broker.readFailures.tell(error, 'Kafka clients are told to try again')
    return false
  }
}
