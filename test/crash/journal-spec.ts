/**
 * The journal as the crash enumeration sees it: workloads of a few operations, recovery, and the
 * promise that nothing settled is lost, invented or reordered.
 */
import assert from 'node:assert/strict'
import { snapshotName, snapshotTicket } from '../../src/journal/snapshot-reader.ts'
import { Census } from '../journal/census.ts'
import { DIRECTORY, JournalWorld } from '../journal/journal-world.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { withoutFile } from '../sim/disk-loss.ts'
import type { Image } from '../sim/disk-outcomes.ts'
import type { CrashSpec } from './enumerate.ts'
import {
  HandTimers,
  type JournalNote,
  noteTried,
  type Operation,
  type Stage,
  stateOf,
  steps,
} from './journal-ops.ts'
import { overlaps } from './journal-overlaps.ts'
import type { Ledger } from './ledger.ts'
import { Transcript } from './transcript.ts'

/** What a recovered journal holds; `bodies` proves that every living body can be read and is its own. */
export type JournalState = { readonly state: string; readonly bodies: string }

export type Base = { readonly name: string; readonly image: Image | null; readonly state: string }

export const fresh: Base = { name: 'fresh', image: null, state: '[[],[],[]]' }

/** A directory that has lived: several files, two snapshots, dead and sparse files that nobody tidied up. */
export async function agedBase(): Promise<Base> {
  const disk = new CrashDisk()
  const world = await JournalWorld.open(disk)
  const kept: number[] = []
  for (let round = 0; round < 7; round++) {
    const bodies = [300, 200, 400, 500].map((size) => new Uint8Array(size).fill(round + size))
    const tickets = await world.put(round % 2, bodies)
    if (round > 1) kept.push(tickets.shift()!)
    await world.release(tickets)
  }
  await world.note('aged')
  await world.snapshot()
  await world.note('older')
  await world.snapshot()
  await world.settled()
  const state = stateOf(world.owner)
  const image = disk.point().killed()
  return { name: 'aged', image, state }
}

export const operations: Readonly<Record<string, Operation>> = { ...steps, ...overlaps }

/** Whether each recovery has all snapshots, or the disk lost the newest one of two before it came up. */
export type RecoverFrom = 'newest' | 'older'

export type SpecOptions = {
  readonly recoverFrom?: RecoverFrom
  /** Counts what the workload and all recoveries did. */
  readonly census?: Census
  /** Hears the digest of the run at both moments. */
  readonly digested?: ((moment: Moment, digest: string) => void) | undefined
}

/** When the last operation is about to begin, and when it is over. */
export type Moment = 'before the last' | 'over'

/** A workload named by its operations, on a base. */
export function journalSpec(
  base: Base,
  names: readonly string[],
  { recoverFrom = 'newest', census = new Census(), digested }: SpecOptions = {},
): CrashSpec<JournalState, JournalNote> {
  return {
    id: `${base.name}${recoverFrom === 'older' ? OLDER : ''}: ${names.join(', ')}`,
    disk: () => new CrashDisk(base.image === null ? {} : { image: base.image }),
    workload: (disk, ledger) => runOperations(names, disk, { ledger, census, digested }),
    comesUp: (image) => (recoverFrom === 'older' ? loseNewestSnapshot(image, census) : image),
    recover: (disk) => recoverState(disk, census),
    check: (state, notes) => {
      checkState(base.state, state.state, notes)
    },
    compare: (first, second) => {
      assert.deepEqual(second, first, 'a second recovery found something else')
    },
  }
}

const OLDER = ' from the older snapshot'

/** The workload that goes by this id. */
export async function specNamed(
  id: string,
  options: SpecOptions = {},
): Promise<CrashSpec<JournalState, JournalNote>> {
  const [where = '', names = ''] = id.split(': ')
  const base = where.startsWith('fresh') ? fresh : await agedBase()
  const recoverFrom = where.endsWith(OLDER) ? 'older' : 'newest'
  const spec = journalSpec(base, names.split(', '), { ...options, recoverFrom })
  assert.equal(spec.id, id, 'no such workload')
  return spec
}

async function runOperations(
  names: readonly string[],
  disk: CrashDisk,
  { ledger, census, digested }: RunParts,
): Promise<void> {
  const transcript = new Transcript(ledger)
  if (digested !== undefined) disk.observe(transcript)
  const stage = await openStage(disk, ledger, census)
  for (const [index, name] of names.entries()) {
    if (index > 0 && index === names.length - 1) {
      ledger.ownFrom = disk.callCount
      digested?.('before the last', transcript.digest())
    }
    await operationOf(name)(stage)
  }
  digested?.('over', transcript.digest())
  stage.world.audit.assertHonest()
}

type RunParts = {
  readonly ledger: Ledger<JournalNote>
  readonly census: Census
  readonly digested: SpecOptions['digested']
}

export function operationOf(name: string): Operation {
  const operation = operations[name]
  assert(operation !== undefined, `no operation ${name}`)
  return operation
}

/** A journal that was just opened, for operations to work on. */
export async function openStage(
  disk: CrashDisk,
  ledger: Ledger<JournalNote>,
  census: Census = new Census(),
): Promise<Stage> {
  const timers = new HandTimers()
  const open = async (): Promise<JournalWorld> => {
    const world = await JournalWorld.open(disk, { scheduler: timers, census })
    world.changed = () => {
      noteTried(stage)
    }
    return world
  }
  const stage: Stage = {
    world: await open(),
    reopen: async () => {
      const { journal } = stage.world
      await journal.close()
      if (journal.stoppedBy === null) ledger.note({ kind: 'settled', count: stage.tried })
      stage.world = await open()
    },
    fire: () => {
      timers.fire()
    },
    ledger,
    tried: 0,
  }
  return stage
}

async function recoverState(disk: CrashDisk, census: Census): Promise<JournalState> {
  const { journal, owner, audit } = await JournalWorld.open(disk, { census })
  let bodies = ''
  const tickets = [...owner.held.keys(), ...[...owner.large.values()].flat()]
  for (const ticket of tickets) {
    const body = await journal.store.read(ticket)
    bodies += `${ticket}:${body.length}:${body[0]}:${body[body.length - 1]} `
  }
  assert.equal(journal.store.references, owner.references, 'references of the store and the state')
  const state = stateOf(owner)
  await journal.close()
  audit.assertHonest()
  assert.deepEqual(disk.openPaths, [], 'files left open')
  return { state, bodies }
}

/** The disk without the newest of its snapshots, if there is another one. */
function loseNewestSnapshot(image: Image, census: Census): Image {
  const directory = image.tree().find(DIRECTORY)
  if (directory?.kind !== 'directory') return image
  const tickets = [...directory.current.keys()].map(snapshotTicket).filter((one) => one >= 0)
  if (tickets.length < 2) return image
  census.olderSnapshots++
  return withoutFile(image, DIRECTORY, snapshotName(Math.max(...tickets)))
}

/**
 * Throws unless the state is one that some prefix of the groups leads to, and nothing that was
 * settled is missing from it.
 */
export function checkState(start: string, state: string, notes: readonly JournalNote[]): void {
  const states = [start]
  let settled = 0
  for (const note of notes) {
    if (note.kind === 'tried') states.push(note.state)
    else settled = Math.max(settled, note.count)
  }
  const possible = states.slice(settled)
  assert(
    possible.includes(state),
    `recovered ${state}, but of ${states.length} groups ${settled} were settled: ${possible.join(' or ')}`,
  )
}
