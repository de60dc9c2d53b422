/**
 * Where and on what the bench runs: the header of every table. Asked once an invocation; what cannot be
 * found out is said to be unknown.
 */
import { execFile } from 'node:child_process'
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { formatBytes, formatMs } from './format.ts'
import { Histogram } from './histogram.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  /** Type and options-free device of the file system under test. */
  readonly fileSystem: string
  /** What a write of 4 KiB and its fdatasync cost there, in a file that is filled already. */
  readonly syncP50Ms: number
  readonly syncP99Ms: number
  /** Of the minute before the first run: above a few tenths somebody else was busy. */
  readonly loadAverage: number
  readonly node: string
  readonly commit: string
  readonly tree: 'clean' | 'dirty' | 'unknown'
}

const SYNC_PROBES = 200 // two values above the 99th percentile
const SYNC_PROBE_LIMIT_MS = 2_000 // a disk of 10 ms a sync is known well enough by then
const SYNC_FILE_SIZE: number = 1024 * 1024
const SYNC_CHUNK_SIZE = 4096

/** `directory` is where the workloads keep their files, and exists. */
export async function inspectMachine(directory: string, root: string): Promise<Machine> {
  const loadAverage = loadavg()[0] ?? 0 // before the probe, which is load itself
  const sync = probeSync(directory)
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    fileSystem: await fileSystemOf(directory),
    syncP50Ms: sync.quantileMs(0.5),
    syncP99Ms: sync.quantileMs(0.99),
    loadAverage,
    node: process.version,
    ...(await commitOf(root)),
  }
}

export function describeMachine(machine: Machine): readonly string[] {
  const dirty = machine.tree === 'dirty' ? ', with changes' : ''
  return [
    `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}, ${machine.kernel}`,
    `disk: ${machine.fileSystem}, write + fdatasync of 4 KiB ` +
      `p50 ${formatMs(machine.syncP50Ms)} ms, p99 ${formatMs(machine.syncP99Ms)} ms`,
    `Node ${machine.node}, commit ${machine.commit}${dirty}, ` +
      `load average before ${machine.loadAverage.toFixed(2)}`,
  ]
}

/** Whether absolute figures taken on the two may be compared at all. */
export function sameMachine(one: Machine, other: Machine): boolean {
  const major = (version: string): string => version.split('.')[0] ?? version
  return (
    one.cpu === other.cpu &&
    one.cores === other.cores &&
    one.fileSystem === other.fileSystem &&
    major(one.node) === major(other.node)
  )
}

/** Synchronous calls: what the disk costs, and not what a pool of threads adds. */
function probeSync(directory: string): Histogram {
  const place = mkdtempSync(join(directory, 'sync-'))
  const latency = new Histogram()
  try {
    const file = openSync(join(place, 'probe'), 'w')
    try {
      writeSync(file, Buffer.alloc(SYNC_FILE_SIZE), 0, SYNC_FILE_SIZE, 0)
      fsyncSync(file)
      const chunk = Buffer.alloc(SYNC_CHUNK_SIZE, 1)
      const endMs = performance.now() + SYNC_PROBE_LIMIT_MS
      for (let probe = 0; probe < SYNC_PROBES && performance.now() < endMs; probe++) {
        const startMs = performance.now()
        writeSync(file, chunk, 0, chunk.length, (probe * SYNC_CHUNK_SIZE) % SYNC_FILE_SIZE)
        fdatasyncSync(file)
        latency.record(performance.now() - startMs)
      }
    } finally {
      closeSync(file)
    }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
  return latency
}

async function fileSystemOf(directory: string): Promise<string> {
  try {
    const mounts = await readFile('/proc/self/mounts', 'utf8')
    return fileSystemIn(mounts, await realpath(directory))
  } catch {
    return 'unknown'
  }
}

/** The mount that holds the path: the longest mount point that is a prefix of it, the last if there are two. */
export function fileSystemIn(mounts: string, path: string): string {
  let best = { point: '', text: 'unknown' }
  for (const line of mounts.split('\n')) {
    const [device = '', point = '', type = ''] = line.split(' ')
    const holds = path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`)
    if (holds && point !== '' && point.length >= best.point.length) {
      best = { point, text: `${type} on ${device}` }
    }
  }
  return best.text
}

async function commitOf(root: string): Promise<Pick<Machine, 'commit' | 'tree'>> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { cwd: root })).stdout.trim()
  try {
    const commit = await git('rev-parse', '--short=10', 'HEAD')
    const changes = await git('status', '--porcelain')
    return { commit, tree: changes === '' ? 'clean' : 'dirty' }
  } catch {
    return { commit: 'unknown', tree: 'unknown' }
  }
}
