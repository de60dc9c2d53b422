/**
 * Opens what the runtime stands on: a journal in a directory or in memory, the machine it recovers, and beside a
 * directory's journal the scratch.
 */
import { assert } from '../base/assert.ts'
import type { Engine, EngineEvents, Store } from '../journal/engine.ts'
import { MemoryEngine } from '../journal/memory-engine.ts'
import type { JournalOwner } from '../journal/recovery.ts'
import { Machine } from '../machine/machine.ts'
import { restore } from '../machine/restore.ts'
import { checkedBrokerLimits } from './limits.ts'
import type { RuntimeOptions } from './runtime.ts'
import { Scratch } from './scratch.ts'
import { eraseScratch } from './scratch-names.ts'
import { scratchSizes } from './scratch-sizes.ts'
import type { MakeScratch } from './transient.ts'

export type Opened = {
  readonly engine: Engine
  readonly machine: Machine
  /** Null without a directory. */
  readonly scratch: MakeScratch | null
}

export async function openEngine(options: RuntimeOptions, events: EngineEvents): Promise<Opened> {
  let machine: Machine | null = null
  const ownerOf = (store: Store): JournalOwner => {
    const made = new Machine(store)
    machine = made
    return {
      restore: (blocks) => restore(made, blocks),
      replay: (entry) => made.replay(entry),
      live: (entry) => made.lives(entry),
    }
  }
  const { engine, scratch } = await open(options, events, ownerOf)
  assert(machine !== null, 'an engine without an owner')
  return { engine, machine, scratch }
}

async function open(
  options: RuntimeOptions,
  events: EngineEvents,
  ownerOf: (store: Store) => JournalOwner,
): Promise<Omit<Opened, 'machine'>> {
  const { world, directory, durability, journalLimits: limits = {}, log } = options
  const { disk, scheduler, random } = world
  if (directory === null || durability === 'memory') {
    return { engine: new MemoryEngine({ scheduler, limits, events }, ownerOf), scratch: null }
  }
  // Loaded only now: a broker in memory, as tests open many of, starts without it.
  const [{ openJournal }, { checksum }] = await Promise.all([
    import('../journal/journal.ts'),
    import('../journal/checksum.ts'),
  ])
  await eraseScratch(disk, directory, log)
  const journal = { disk, scheduler, random, directory, durability, limits, events }
  const engine = await openJournal(journal, ownerOf)
  const place = { disk, directory, scheduler, log, checksum }
  const sizes = scratchSizes(checkedBrokerLimits(options.limits ?? {}), limits)
  return { engine, scratch: (owner) => new Scratch({ ...place, ...sizes }, owner) }
}
