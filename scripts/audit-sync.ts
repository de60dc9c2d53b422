/**
 * `npm run audit:sync`: watches the system calls of a process that appends 10,000 entries, and shows that no
 * acknowledgement left before the sync of what it acknowledges. It needs strace, on Linux.
 */
import { spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readFormat } from '../src/journal/directory.ts'
import { nodeWorld } from '../src/node/world.ts'
import { AckAudit, type AuditReport } from './audit/ack-after-sync.ts'
import { StraceLog } from './audit/strace-log.ts'

const ENTRIES = 10_000 // some five hundred commits, over a roll of files
const CALLS = 'pwrite64,pwritev,fsync,fdatasync,sync_file_range,write,writev,sendto'
const SHOWN_BYTES = 65_536 // of each piece of a write; twenty entries are a fraction of it
const NOT_RUN = 3

const child = join(import.meta.dirname, 'audit', 'child.js')

async function audit(parent: string): Promise<AuditReport> {
  const directory = join(parent, 'data')
  const log = join(parent, 'calls')
  const what = ['-f', '-yy', '-xx', '-s', String(SHOWN_BYTES), '-e', `trace=${CALLS}`, '-o', log]
  const run = [process.execPath, child, directory, String(ENTRIES)]
  // What io_uring does is invisible to strace.
  const env = { ...process.env, UV_USE_IO_URING: '0' }
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  const { status, error } = spawnSync('strace', [...what, ...run], { env, stdio: [...stdio] })
  if (error !== undefined || status !== 0)
    throw error ?? new Error(`the child ended with ${status}`)
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

async function main(): Promise<number> {
  if (spawnSync('strace', ['-V'], { stdio: 'ignore' }).error !== undefined) {
    console.log('not run: strace is not installed')
    return NOT_RUN
  }
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'naru-audit-')))
  try {
    const { acks, acknowledged, writes, syncs, violations } = await audit(parent)
    for (const violation of violations) console.log(violation)
    const counts = `${acknowledged} entries in ${writes} frames, ${syncs} syncs, ${acks} acknowledgements`
    const isWhole = acknowledged >= ENTRIES
    if (!isWhole) console.log(`only ${acknowledged} of ${ENTRIES} entries were seen`)
    console.log(`${counts}, ${violations.length} before their sync or beside the known files`)
    return isWhole && violations.length === 0 ? 0 : 1
  } finally {
    await rm(parent, { recursive: true })
  }
}

process.exitCode = await main()
