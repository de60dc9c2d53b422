/**
 * A disk that cannot be read: who reads is told, and nobody else; whoever opens a directory is refused, and nothing of
 * it is given up for that.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JournalError } from '../../src/journal/errors.ts'
import { stateOf } from '../crash/journal-ops.ts'
import { agedBase, type Base } from '../crash/journal-spec.ts'
import { bodyOfSize, JournalWorld } from '../journal/journal-world.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { type Call, type CallKind, canFailWith } from '../sim/disk-faults.ts'
import { FailingReads } from '../sim/failing-reads.ts'
import { drained } from '../sim/turn.ts'
import { livingTickets, readInTurn, readTogether } from './cold-reads.ts'

const CODES = ['io', 'handles'] as const
type Code = (typeof CODES)[number]

const READING: readonly CallKind[] = ['open', 'read', 'size', 'list']

function diskOf({ image }: Base): CrashDisk {
  assert(image !== null)
  return new CrashDisk({ image })
}

/** The calls that a run on this base makes to read, of those that may fail so. */
async function readingCalls(
  base: Base,
  code: Code,
  run: (disk: CrashDisk, begins: () => void) => Promise<void>,
): Promise<readonly number[]> {
  const disk = diskOf(base)
  const calls: Call[] = []
  let begun = 0
  disk.observe({ issued: (call) => calls.push(call) })
  await run(disk, () => {
    begun = disk.callCount
  })
  const mayFail = ({ kind }: Call): boolean => READING.includes(kind) && canFailWith(kind, code)
  const asked = calls.filter((call) => call.number > begun && mayFail(call))
  assert(asked.length > 0)
  return asked.map(({ number }) => number)
}

async function goesOn(world: JournalWorld): Promise<void> {
  await world.put(1, [bodyOfSize(40, 1)])
  await world.settled()
  assert.equal(world.stopped, null)
  assert.equal((await readInTurn(world)).size, 0)
}

for (const code of CODES) {
  test(`a cold read that fails (${code}) is told to its reader alone, and the next one works`, async () => {
    const base = await agedBase()
    const calls = await readingCalls(base, code, async (disk, begins) => {
      const world = await JournalWorld.open(disk)
      await drained()
      begins()
      await readInTurn(world)
      await world.journal.close()
    })
    for (const call of calls) {
      const disk = diskOf(base)
      const world = await JournalWorld.open(disk)
      await drained()
      disk.faults.plan({ call, code, lasts: 'once', writtenBytes: 0 })
      const [[, error] = [], another] = await readInTurn(world)
      assert(error !== undefined && another === undefined, `of call ${call} not one reader heard`)
      assert.equal(error.code, code)
      await goesOn(world)
      await world.journal.close()
      assert.deepEqual(disk.openPaths, [])
    }
  })

  test(`while nothing can be read (${code}) the journal takes what is written, and afterwards all is there`, async () => {
    const disk = diskOf(await agedBase())
    const world = await JournalWorld.open(disk)
    await drained()
    const reads = new FailingReads(disk)
    reads.begin(code)
    const cold = livingTickets(world)
    for (const read of [readTogether, readInTurn]) {
      const unread = [...(await read(world)).keys()]
      // Of the file that is written to the handle is there.
      const expected = code === 'io' ? cold : cold.slice(0, -1)
      assert.deepEqual(unread.slice(0, expected.length), expected)
      await world.put(1, [bodyOfSize(40, 1)])
      await world.settled()
    }
    reads.end()
    await goesOn(world)
    await world.journal.close()
    assert.deepEqual(disk.openPaths, [])
  })

  test(`a directory that cannot be read (${code}) is not opened, and nothing of it is cut`, async () => {
    const base = await agedBase()
    const calls = await readingCalls(base, code, async (disk) => {
      const { journal } = await JournalWorld.open(disk)
      disk.cutPower()
      void journal
    })
    let refused = 0
    for (const call of calls) {
      const disk = diskOf(base)
      disk.faults.plan({ call, code, lasts: 'once', writtenBytes: 0 })
      const opening = await JournalWorld.open(disk).catch((error: unknown) => error)
      disk.faults.heal()
      if (opening instanceof JournalWorld) await opening.journal.close()
      else {
        refused++
        assertClear(opening, code)
      }
      assert.deepEqual(disk.openPaths, [], `call ${call}: left open`)
      const again = await JournalWorld.open(disk)
      assert.equal(again.journal.report.cut, null, `call ${call}`)
      assert.deepEqual(again.journal.report.damagedSnapshots, [], `call ${call}`)
      assert.equal(stateOf(again.owner), base.state, `call ${call}`)
      await goesOn(again)
      await again.journal.close()
    }
    assert(refused > 0, 'every opening read on')
  })
}

/** It says which file it was, and what to do. */
function assertClear(error: unknown, code: Code): void {
  assert(error instanceof JournalError, String(error))
  assert.match(error.message, /\(data[:/]/)
  assert.equal(error.code, code === 'handles' ? 'JOURNAL_HANDLES' : 'JOURNAL_DISK')
}
