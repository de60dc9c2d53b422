/** Opens what the runtime stands on: a journal in a directory or in memory, and the machine it recovers. */
import { assert } from '../base/assert.ts'
import type { Engine, EngineEvents, Store } from '../journal/engine.ts'
import { MemoryEngine } from '../journal/memory-engine.ts'
import type { JournalOwner } from '../journal/recovery.ts'
import { Machine } from '../machine/machine.ts'
import { restore } from '../machine/restore.ts'
import type { RuntimeOptions } from './runtime.ts'

export async function openEngine(
  options: RuntimeOptions,
  events: EngineEvents,
): Promise<{ readonly engine: Engine; readonly machine: Machine }> {
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
  const engine = await open(options, events, ownerOf)
  assert(machine !== null, 'an engine without an owner')
  return { engine, machine }
}

async function open(
  options: RuntimeOptions,
  events: EngineEvents,
  ownerOf: (store: Store) => JournalOwner,
): Promise<Engine> {
  const { world, directory, durability, journalLimits: limits = {} } = options
  const { disk, scheduler, random } = world
  if (directory === null || durability === 'memory') {
    return new MemoryEngine({ scheduler, limits, events }, ownerOf)
  }
  // Loaded only now: a broker in memory, as tests open many of, starts without it.
  const { openJournal } = await import('../journal/journal.ts')
  return openJournal({ disk, scheduler, random, directory, durability, limits, events }, ownerOf)
}
