/** Opening a journal again: 1 GiB of it, cold and hot, and a new directory. */
import { execFile } from 'node:child_process'
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { assert } from '../../src/base/assert.ts'
import { GiB, KiB, MiB } from '../../src/base/bytes.ts'
import type { Section, Stage } from '../stage.ts'
import { atLeastMegabytesPerSecond, atLeastPerSecond, atMost, ratioTo } from '../target.ts'
import { defineWorkload, type Workload } from '../workload.ts'
import { Rig } from './rig.ts'

const NEVER = Number.MAX_SAFE_INTEGER // no snapshot: everything is replayed

/** Writes a journal of this many bytes; answers how many entries. */
async function fill(stage: Stage, entryBytes: number, bytes: number): Promise<number> {
  const rig = await Rig.open(stage, { after: 'keep', limits: { snapshotAfterBytes: NEVER } })
  const count = Math.ceil(bytes / entryBytes)
  const body = new Uint8Array(entryBytes).fill(7)
  const group = Math.max(1, Math.floor((64 * KiB) / entryBytes))
  for (let written = 0; written < count; written += group) await rig.append(group, body)
  await rig.settled()
  const entries = rig.journal.log.nextTicket - 1
  await rig.close()
  return entries
}

function journalFiles(stage: Stage): string[] {
  const directory = join(stage.directory, 'journal')
  const names = readdirSync(directory).filter((name) => name.startsWith('journal-'))
  return names.map((name) => join(directory, name))
}

/** Drops the files from the page cache, which needs no rights beyond reading them. */
async function makeCold(stage: Stage): Promise<void> {
  const run = promisify(execFile)
  for (const path of journalFiles(stage)) {
    await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}

type Heat = 'hot' | 'cold'

async function reopen(stage: Stage, entryBytes: number, heat: Heat): Promise<void> {
  const entries = await fill(stage, entryBytes, stage.effort === 'quick' ? 16 * MiB : GiB)
  if (heat === 'cold') await makeCold(stage)
  await stage.measure(async (section: Section) => {
    const startMs = performance.now()
    const rig = await Rig.open(stage)
    section.latency.record(performance.now() - startMs)
    section.acknowledged = rig.replayed
    assert(rig.replayed >= entries - 10, 'entries are missing')
    await rig.close()
  })
}

/** Reads the same files from front to back and does nothing with them. */
async function readPlain(stage: Stage, entryBytes: number): Promise<void> {
  const entries = await fill(stage, entryBytes, stage.effort === 'quick' ? 16 * MiB : GiB)
  await makeCold(stage)
  await stage.measure(async (section: Section) => {
    const buffer = new Uint8Array(MiB)
    for (const path of journalFiles(stage)) {
      const file = openSync(path, 'r')
      const { size } = statSync(path)
      for (let at = 0; at < size; at += buffer.length) readSync(file, buffer, 0, buffer.length, at)
      closeSync(file)
    }
    section.acknowledged = entries
  })
}

async function openNew(stage: Stage): Promise<void> {
  await stage.measure(async (section: Section) => {
    const startMs = performance.now()
    const rig = await Rig.open(stage)
    section.latency.record(performance.now() - startMs)
    section.acknowledged++
    await rig.close()
  })
}

const once = { kind: 'operations', warmUp: 0, measured: 1 } as const // each run opens one directory

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'recovery of 1 GiB, 64-KiB entries, cold',
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: 64_000,
    length: once,
    targets: [ratioTo('plain reads').atLeast(0.8)],
    variants: [
      { name: 'journal', role: 'ours', run: (stage) => reopen(stage, 64_000, 'cold') },
      {
        name: 'plain reads',
        role: 'yardstick',
        settings: 'the same files from front to back, page cache dropped',
        run: (stage) => readPlain(stage, 64_000),
      },
    ],
  }),
  defineWorkload({
    name: 'recovery of 1 GiB, 64-KiB entries, hot',
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: 64_000,
    length: once,
    targets: [atLeastMegabytesPerSecond(1_500)],
    variants: [{ name: 'journal', role: 'ours', run: (stage) => reopen(stage, 64_000, 'hot') }],
  }),
  defineWorkload({
    name: 'recovery of 1 GiB, 1-KiB entries',
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: 1_024,
    length: once,
    targets: [atMost('p50Ms', 3_000), atMost('peakRssBytes', 400 * MiB)],
    variants: [{ name: 'journal', role: 'ours', run: (stage) => reopen(stage, 1_024, 'hot') }],
  }),
  defineWorkload({
    name: 'recovery of 1 GiB, 100-byte entries',
    area: 'journal',
    durability: 'fsync',
    unit: 'entries',
    payloadBytes: 100,
    length: once,
    targets: [
      atMost('p50Ms', 5_000),
      atLeastPerSecond(3_000_000),
      atMost('peakRssBytes', 400 * MiB),
    ],
    variants: [{ name: 'journal', role: 'ours', run: (stage) => reopen(stage, 100, 'hot') }],
  }),
  defineWorkload({
    name: 'a new directory',
    area: 'journal',
    durability: 'fsync',
    unit: 'opens',
    length: once,
    targets: [atMost('maxMs', 50)],
    variants: [{ name: 'journal', role: 'ours', run: openNew }],
  }),
]
