/**
 * What the runtime knows of partitions while it runs: how far each can be read (durable, never further) and
 * who waits for more.
 */
import { mark } from '../base/mark.ts'
import type { Partition } from '../machine/partition.ts'

/** Somebody who waits for records. */
export interface PartitionWatcher {
  /** More can be read, or the partition was deleted. Called once a commit at most. */
  appended(partition: Partition): void
}

class PartitionDesk {
  readonly partition: Partition
  visibleOffset: number
  readonly watchers: Set<PartitionWatcher> = new Set()
  /** In the list of those with batches that are not durable. */
  isPending = false

  constructor(partition: Partition, visibleOffset: number) {
    this.partition = partition
    this.visibleOffset = visibleOffset
  }
}

export class PartitionDesks {
  readonly #desks = new Map<number, PartitionDesk>()
  #pending: PartitionDesk[] = []

  /** Every record before this offset is durable. */
  visibleOffset(partition: Partition): number {
    // Without a desk nothing was appended in this run, so all there is was recovered.
    return this.#desks.get(partition.id)?.visibleOffset ?? partition.nextOffset
  }

  /** A batch is about to be appended. */
  appending(partition: Partition): void {
    const desk = this.#desk(partition)
    if (desk.isPending) return
    desk.isPending = true
    this.#pending.push(desk)
  }

  watch(partition: Partition, watcher: PartitionWatcher): void {
    this.#desk(partition).watchers.add(watcher)
  }

  unwatch(partition: Partition, watcher: PartitionWatcher): void {
    this.#desks.get(partition.id)?.watchers.delete(watcher)
  }

  committed(through: number): void {
    const pending = this.#pending
    this.#pending = []
    for (const desk of pending) {
      desk.isPending = false
      const { partition } = desk
      if (partition.deleted) continue
      const before = desk.visibleOffset
      desk.visibleOffset = visibleThrough(partition, before, through)
      if (desk.visibleOffset < partition.nextOffset) {
        mark('partitions/not-all-visible')
        this.appending(partition)
      }
      if (desk.visibleOffset > before) tell(desk)
    }
  }

  /** The partition was deleted: whoever waits for it is told. */
  dismiss(partition: Partition): void {
    const desk = this.#desks.get(partition.id)
    if (desk === undefined) return
    this.#desks.delete(partition.id)
    tell(desk)
  }

  #desk(partition: Partition): PartitionDesk {
    const desk = this.#desks.get(partition.id)
    if (desk !== undefined) return desk
    const made = new PartitionDesk(partition, partition.nextOffset)
    this.#desks.set(partition.id, made)
    return made
  }
}

function tell(desk: PartitionDesk): void {
  for (const watcher of [...desk.watchers]) watcher.appended(desk.partition)
}

/** Tickets ascend with offsets, so it ends at the first batch that is not settled. */
function visibleThrough(partition: Partition, from: number, through: number): number {
  let row = partition.rowAt(from)
  if (row < 0) return partition.nextOffset // what was not visible is gone already
  let visible = from
  while (row < partition.nextRow && partition.ticketOf(row) <= through) {
    visible = partition.offsetOf(row) + partition.countOf(row)
    row++
  }
  return visible
}
