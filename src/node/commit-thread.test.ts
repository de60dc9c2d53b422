/** The commit thread when things go wrong, and what it keeps of the memory it was shown. */
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CommitCalls } from './commit-loop.ts'
import type { Place } from './commit-place.ts'
import { CommitThread, type CommitThreadOptions } from './commit-thread.ts'

function commit(thread: CommitThread, handle: number, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const order = {
      handle,
      file: handle,
      path: 'a',
      pieces: [piece],
      position: 0,
      work: 'no-sync' as const,
    }
    thread.take({ ...order, resolve: () => resolve(), reject })
  })
}

/** A thread, and a file of its own that is gone afterwards. */
async function onFile(
  options: CommitThreadOptions,
  use: (thread: CommitThread, handle: number) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'naru-thread-'))
  const handle = openSync(join(directory, 'a'), 'w+')
  const thread = new CommitThread(options)
  try {
    await use(thread, handle)
  } finally {
    await thread.close()
    closeSync(handle)
    rmSync(directory, { recursive: true })
  }
}

test('a thread that dies takes its commits with it, and says so to each', async () => {
  const thread = new CommitThread()
  const piece = new Uint8Array(new SharedArrayBuffer(1))
  // Beyond 31 bits: a handle that no system gives, and that node:fs refuses as a mistake of ours.
  const commits = [
    commit(thread, 2 ** 31 + 5, piece),
    commit(thread, 0, piece),
    commit(thread, 0, piece),
  ]
  for (const lost of commits) {
    await assert.rejects(lost, { name: 'DiskError', code: 'io', message: /thread failed/ })
  }
  await assert.rejects(commit(thread, 0, piece), { code: 'other', message: /thread failed/ })
  await thread.close()
})

test('a thread that never started is closed at once', async () => {
  const thread = new CommitThread()
  await thread.close()
  await assert.rejects(commit(thread, 0, new Uint8Array(0)), { code: 'other' })
})

test('a thread that is started ahead takes commits at once and in order', () =>
  onFile({}, async (thread, handle) => {
    thread.start()
    thread.start()
    const pieces = [1, 2, 3].map((byte) => new Uint8Array(new SharedArrayBuffer(1)).fill(byte))
    const ends: number[] = []
    // All before the thread can have come up: each is written over by the next.
    const commits = pieces.map((piece) =>
      commit(thread, handle, piece).then(() => ends.push(piece[0]!)),
    )
    await Promise.all(commits)
    assert.deepEqual(ends, [1, 2, 3])
    const written = new Uint8Array(1)
    assert.equal(readSync(handle, written, 0, 1, 0), 1)
    assert.equal(written[0], 3)
  }))

test('a thread that was started and never asked for anything ends, and is not started again', async () => {
  const thread = new CommitThread()
  thread.start()
  await thread.close()
  thread.start()
  await thread.close()
  await assert.rejects(commit(thread, 0, new Uint8Array(0)), { code: 'other' })
})

test('slabs that were collected are forgotten while others are committed', () =>
  onFile({}, async (thread, handle) => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const kept = new Uint8Array(new SharedArrayBuffer(1)).fill(7)
    const dropped: WeakRef<object>[] = []
    for (let round = 0; round < 200; round++) {
      const piece = new Uint8Array(new SharedArrayBuffer(4096)).fill(round)
      dropped.push(new WeakRef(piece.buffer))
      await commit(thread, handle, piece)
      if (round % 50 === 49) {
        await macrotask()
        collect()
        await macrotask() // the registry hears of it in a turn of its own
      }
    }
    const held = dropped.filter((slab) => slab.deref() !== undefined)
    assert.ok(held.length <= 1, `${held.length} slabs are held`) // the last one by this very frame
    await commit(thread, handle, kept)
    const written = new Uint8Array(4096)
    assert.equal(readSync(handle, written, 0, 4096, 0), 4096)
    assert.deepEqual([...written.subarray(0, 2)], [7, 199])
  }))

/** Always the same place, and what it was told. */
function alwaysAt(place: Place): { choose(): Place; ended(tookMs: number): void; ends: number[] } {
  const ends: number[] = []
  return { ends, choose: () => place, ended: (tookMs) => void ends.push(tookMs) }
}

const nothing: CommitCalls = { writev: () => 1, fdatasync: () => undefined }

test('a commit that runs here is over at once, starts no thread, and is told to the place', async () => {
  const written: number[] = []
  const calls: CommitCalls = { ...nothing, writev: (handle) => written.push(handle) }
  const place = alwaysAt('here')
  const thread = new CommitThread({ calls, place })
  const committing = commit(thread, 5, new Uint8Array(1))
  assert.deepEqual(written, [5])
  await committing
  assert.equal(place.ends.length, 1)
  await thread.close()
})

test('none runs here while one is with the thread', async () => {
  const asked: string[] = []
  const place = {
    choose: (): Place => {
      asked.push('asked')
      return asked.length === 1 ? 'thread' : 'here'
    },
    ended: () => undefined,
  }
  await onFile({ place }, async (thread, handle) => {
    const [first, second] = [1, 2].map((byte) =>
      new Uint8Array(new SharedArrayBuffer(1)).fill(byte),
    )
    const both = [commit(thread, handle, first!), commit(thread, handle, second!)]
    assert.deepEqual(asked, ['asked'])
    await Promise.all(both)
    const written = new Uint8Array(1)
    assert.equal(readSync(handle, written, 0, 1, 0), 1)
    assert.equal(written[0], 2)
    await commit(thread, handle, new Uint8Array([3]))
    assert.deepEqual(asked, ['asked', 'asked'])
    assert.equal(readSync(handle, written, 0, 1, 0), 1)
    assert.equal(written[0], 3)
  })
})

test('behind a commit that failed here none of its file follows, here or there', async () => {
  const { ENOSPC } = constants.errno
  let calls = 0
  const failing: CommitCalls = {
    ...nothing,
    writev: () => {
      calls++
      throw Object.assign(new Error('full'), { errno: -ENOSPC, code: 'ENOSPC' })
    },
  }
  const places: Place[] = ['here', 'here', 'thread']
  const place = { choose: (): Place => places.shift() ?? 'thread', ended: () => undefined }
  const thread = new CommitThread({ calls: failing, place })
  await assert.rejects(commit(thread, 5, new Uint8Array(1)), { code: 'full' })
  await assert.rejects(commit(thread, 5, new Uint8Array(1)), { code: 'io' })
  await assert.rejects(commit(thread, 5, new Uint8Array(1)), { code: 'io' })
  assert.equal(calls, 1)
  await thread.close()
})

test('behind a commit that failed in the thread none of its file follows here', async () => {
  let calls = 0
  const counting: CommitCalls = { ...nothing, writev: () => ++calls }
  const places: Place[] = ['thread', 'here']
  const place = { choose: (): Place => places.shift() ?? 'here', ended: () => undefined }
  const thread = new CommitThread({ calls: counting, place })
  const closed = 1_000_000 // a handle that nobody has opened
  const piece = new Uint8Array(new SharedArrayBuffer(1))
  await assert.rejects(commit(thread, closed, piece), { name: 'DiskError' })
  await assert.rejects(commit(thread, closed, piece), { code: 'io' })
  assert.equal(calls, 0)
  await thread.close()
})

test('a commit here that fails as no system does ends the commits, and says why', async () => {
  const broken: CommitCalls = {
    ...nothing,
    writev: () => {
      throw new TypeError('a mistake of ours')
    },
  }
  const thread = new CommitThread({ calls: broken, place: alwaysAt('here') })
  const saysWhy = { name: 'DiskError', message: /a mistake of ours/ }
  await assert.rejects(commit(thread, 5, new Uint8Array(1)), saysWhy)
  await assert.rejects(commit(thread, 6, new Uint8Array(1)), saysWhy)
  await thread.close()
})
