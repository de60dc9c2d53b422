/**
 * Where the journal's system calls run: on the disk's own thread, or on the pool that every other call
 * of the process uses too. Idle, and while that pool hashes passwords and the main thread is busy half
 * of the time.
 */
import { pbkdf2 } from 'node:crypto'
import { closeSync, fdatasync, fsyncSync, openSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'
import { KiB, MiB } from '../../src/base/bytes.ts'
import { nodeWorld } from '../../src/node/world.ts'
import type { Section, Stage } from '../stage.ts'
import { ratioTo } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'

const FILE_BYTES = 64 * MiB // what the journal's own files have
const HASHES_AT_ONCE = 3 // of the pool's four threads
const BUSY_MS = 0.5 // of each millisecond or so

type Load = 'idle' | 'busy'

type Commit = (position: number) => Promise<void>

function fillFile(path: string): void {
  const file = openSync(path, 'w+')
  const zeros = new Uint8Array(MiB)
  for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at)
  fsyncSync(file)
  closeSync(file)
}

/** Keeps the pool and the main thread busy until it is told to stop. */
function startLoad(load: Load): () => void {
  let isOver = load === 'idle'
  const hash = (): void => {
    if (!isOver) pbkdf2('password', 'salt', 2_000, 64, 'sha512', hash)
  }
  const burn = (): void => {
    if (isOver) return
    for (const untilMs = performance.now() + BUSY_MS; performance.now() < untilMs; );
    setTimeout(burn, 1)
  }
  for (let count = 0; count < HASHES_AT_ONCE; count++) hash()
  burn()
  return () => {
    isOver = true
  }
}

async function commits(stage: Stage, size: number, load: Load, commit: Commit): Promise<void> {
  const stop = startLoad(load)
  let position = 0
  await stage.drive(async (section: Section) => {
    while (!section.over(section.acknowledged)) {
      if (position + size > FILE_BYTES) position = 0
      const startMs = performance.now()
      await commit(position)
      section.latency.record(performance.now() - startMs)
      position += size
      section.acknowledged++
    }
  })
  stop()
}

async function onThread(stage: Stage, size: number, load: Load): Promise<void> {
  const path = join(stage.directory, 'thread')
  fillFile(path)
  const { disk } = nodeWorld()
  const file = await disk.open(path, 'write')
  const piece = disk.allocate(size)
  await commits(stage, size, load, (position) => file.commit([piece], position, 'sync'))
  await file.close()
  await disk.close()
}

async function onPool(stage: Stage, size: number, load: Load): Promise<void> {
  const path = join(stage.directory, 'pool')
  fillFile(path)
  const file = openSync(path, 'r+')
  const piece = new Uint8Array(size)
  const synced = (position: number): Promise<void> =>
    new Promise((resolve, reject) => {
      write(file, piece, 0, size, position, (failed) => {
        if (failed !== null) reject(failed)
        else fdatasync(file, (error) => (error === null ? resolve() : reject(error)))
      })
    })
  await commits(stage, size, load, synced)
  closeSync(file)
}

function comparison(label: string, size: number, load: Load): Workload {
  return defineWorkload({
    name: `where calls run: ${label}, ${load}`,
    area: 'journal',
    durability: 'fsync',
    unit: 'calls',
    payloadBytes: size,
    inFlight: 1,
    length: { kind: 'seconds', warmUp: 0.5, measured: 2 },
    targets: [ratioTo('pool').atLeast(1)],
    variants: [
      { name: 'thread', role: 'ours', run: (stage) => onThread(stage, size, load) },
      {
        name: 'pool',
        role: 'yardstick',
        settings: 'fs.write, then fs.fdatasync, four threads',
        run: (stage) => onPool(stage, size, load),
      },
    ],
  })
}

export const workloads: readonly Workload[] = (['idle', 'busy'] as const).flatMap((load) => [
  comparison('4 KiB', 4 * KiB, load),
  comparison('64 KiB', 64 * KiB, load),
  comparison('1 MiB', MiB, load),
])
