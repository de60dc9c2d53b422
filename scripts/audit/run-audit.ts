/** Runs a process that appends under strace, on a new directory, and judges what the system was asked to do. */
import { spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readFormat } from '../../src/journal/directory.ts'
import { nodeWorld } from '../../src/node/world.ts'
import { AckAudit, type AuditReport } from './ack-after-sync.ts'
import { StraceLog } from './strace-log.ts'

/**
 * How the process behaves. `early` acknowledges what it has only appended, `unsynced` what is only written: two
 * canaries, which the audit has to find guilty before its word counts.
 */
export type Conduct = 'honest' | 'early' | 'unsynced'

const CALLS = 'pwrite64,pwritev,fsync,fdatasync,sync_file_range,write,writev,sendto'
const SHOWN_BYTES = 65_536 // of each piece of a write; twenty entries are a fraction of it

const child = join(import.meta.dirname, 'child.js')

export function hasStrace(): boolean {
  return spawnSync('strace', ['-V'], { stdio: 'ignore' }).error === undefined
}

export async function runAudit(entries: number, conduct: Conduct): Promise<AuditReport> {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'naru-audit-')))
  try {
    const log = join(parent, 'calls')
    const directory = join(parent, 'data')
    traceChild(log, [directory, String(entries), conduct])
    return await judge(log, directory)
  } finally {
    await rm(parent, { recursive: true })
  }
}

function traceChild(log: string, args: readonly string[]): void {
  const what = ['-f', '-yy', '-xx', '-s', String(SHOWN_BYTES), '-e', `trace=${CALLS}`, '-o', log]
  // What io_uring does is invisible to strace.
  const env = { ...process.env, UV_USE_IO_URING: '0' }
  const { status, error } = spawnSync('strace', [...what, process.execPath, child, ...args], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (error !== undefined || status !== 0)
    throw error ?? new Error(`the child ended with ${status}`)
}

async function judge(log: string, directory: string): Promise<AuditReport> {
  const { disk } = nodeWorld()
  const { identity } = await readFormat(disk, directory)
  await disk.close()
  const found = new AckAudit({ directory, identity })
  const calls = new StraceLog()
  for await (const line of createInterface({ input: createReadStream(log, 'latin1') })) {
    for (const event of calls.read(line)) found.take(event)
  }
  return found.report
}
