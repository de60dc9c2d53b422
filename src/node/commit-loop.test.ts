/** The write and sync loop against every way the two system calls can fail. */
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../base/limits.ts'
import { type CommitCalls, CommitLoop, runCommit } from './commit-loop.ts'

const { EINTR, EIO, ENOSPC, EDQUOT } = constants.errno

/** What one call of `writev` does: takes so many bytes at most, or fails with an error number. */
type Answer = { readonly take: number } | { readonly fail: number }

const WHOLE: Answer = { take: Number.POSITIVE_INFINITY }

/** A disk in memory that follows a script, and takes everything once that is over. */
class ScriptedDisk implements CommitCalls {
  readonly content: number[] = []
  readonly calls: string[] = []
  readonly #answers: Answer[]
  readonly #syncErrno: number

  constructor(answers: readonly Answer[], syncErrno = 0) {
    this.#answers = [...answers]
    this.#syncErrno = syncErrno
  }

  writev(handle: number, pieces: readonly Uint8Array[], position: number): number {
    assert.equal(handle, 7)
    assert.ok(pieces.length > 0 && pieces.length <= limits.writePieces, 'what a system takes')
    const answer = this.#answers.shift() ?? WHOLE
    this.calls.push('write')
    if ('fail' in answer) throw systemError(answer.fail)
    let done = 0
    for (const byte of pieces.flatMap((piece) => [...piece])) {
      if (done === answer.take) break
      this.content[position + done] = byte
      done++
    }
    return done
  }

  fdatasync(handle: number): void {
    assert.equal(handle, 7)
    this.calls.push('sync')
    if (this.#syncErrno !== 0) throw systemError(this.#syncErrno)
  }
}

function systemError(errno: number): Error {
  return Object.assign(new Error('the system says no'), { errno: -errno })
}

function run(disk: CommitCalls, pieces: readonly Uint8Array[], sync: 'sync' | 'no-sync'): number {
  return runCommit(disk, { handle: 7, file: 1, pieces, position: 10, sync })
}

const hello = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3, 4, 5)]

test('however short the writes are, every byte arrives once, in its place, before the sync', () => {
  const answers = fc.array(
    fc.oneof(
      fc.record({ take: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ fail: fc.constant(EINTR) }),
    ),
    { maxLength: 30 },
  )
  const pieces = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 })
  fc.assert(
    fc.property(answers, pieces, (script, given) => {
      const before = given.map((piece) => [...piece])
      const disk = new ScriptedDisk(script)
      assert.equal(run(disk, given, 'sync'), 0)
      assert.deepEqual(disk.content.slice(10), before.flat())
      assert.equal(disk.calls.indexOf('sync'), disk.calls.length - 1)
      assert.deepEqual(
        given.map((piece) => [...piece]),
        before,
        'the pieces are as they were',
      )
    }),
  )
})

test('more pieces than one call takes go in several', () => {
  const pieces = Array.from({ length: limits.commitPieces }, (_, index) =>
    Uint8Array.of(index, index >> 8),
  )
  const disk = new ScriptedDisk([{ take: 5 }])
  assert.equal(run(disk, pieces, 'sync'), 0)
  assert.deepEqual(
    disk.content.slice(10),
    pieces.flatMap((piece) => [...piece]),
  )
})

test('without a sync there is none, and without pieces there is only the sync', () => {
  const disk = new ScriptedDisk([])
  assert.equal(run(disk, hello, 'no-sync'), 0)
  assert.deepEqual(disk.calls, ['write'])
  const idle = new ScriptedDisk([])
  assert.equal(run(idle, [Uint8Array.of()], 'sync'), 0)
  assert.deepEqual(idle.calls, ['sync'])
})

test('a failed write is answered with its number, and nothing is synced', () => {
  for (const errno of [ENOSPC, EDQUOT, EIO]) {
    const atOnce = new ScriptedDisk([{ fail: errno }])
    assert.equal(run(atOnce, hello, 'sync'), errno)
    assert.deepEqual(atOnce.calls, ['write'])
    const midway = new ScriptedDisk([{ take: 3 }, { fail: errno }])
    assert.equal(run(midway, hello, 'sync'), errno)
    assert.deepEqual(midway.calls, ['write', 'write'])
    assert.deepEqual(midway.content.slice(10), [1, 2, 3])
  }
})

test('a failed sync is answered with its number and never tried again', () => {
  for (const errno of [EIO, ENOSPC, EINTR]) {
    const disk = new ScriptedDisk([], errno)
    assert.equal(run(disk, hello, 'sync'), errno)
    assert.deepEqual(disk.calls, ['write', 'sync'])
  }
})

test('a disk that takes nothing without a word is a failure, not a loop', () => {
  const disk = new ScriptedDisk([{ take: 2 }, { take: 0 }])
  assert.equal(run(disk, hello, 'sync'), EIO)
  assert.deepEqual(disk.calls, ['write', 'write'])
})

test('interrupts without end are a failure; with progress between them they are not', () => {
  const interrupt: Answer = { fail: EINTR }
  const endless = new ScriptedDisk(Array<Answer>(limits.writeInterrupts + 1).fill(interrupt))
  assert.equal(run(endless, hello, 'sync'), EINTR)
  const most = Array<Answer>(limits.writeInterrupts).fill(interrupt)
  const patient = new ScriptedDisk([...most, { take: 1 }, ...most])
  assert.equal(run(patient, hello, 'sync'), 0)
})

test('what is no error of the system is not answered but thrown', () => {
  const broken: CommitCalls = {
    writev: () => {
      throw new TypeError('our own mistake')
    },
    fdatasync: () => {},
  }
  assert.throws(() => run(broken, hello, 'sync'), TypeError)
})

test('behind a commit that failed nothing of the same file reaches the disk', () => {
  const disk = new ScriptedDisk([WHOLE, { fail: EIO }])
  const loop = new CommitLoop(disk)
  const commit = (file: number): number =>
    loop.run({ handle: 7, file, pieces: hello, position: 0, sync: 'no-sync' })
  assert.deepEqual([commit(1), commit(1), commit(1), commit(2)], [0, EIO, EIO, 0])
  assert.deepEqual(disk.calls, ['write', 'write', 'write'])
})
