/** The yardstick: a synchronous loop of write and fdatasync over a file that was filled before. */
import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { MiB } from '../../src/base/bytes.ts'
import type { Section, Stage } from '../stage.ts'

const FILE_BYTES = 64 * MiB // what the journal's own files have
const TURN_MS = 5 // how long the loop may keep the event loop, so that its probes run

/** Writes chunks of this size one behind the other, each synced, round and round. */
export async function plainLoop(stage: Stage, chunkBytes: number): Promise<void> {
  const file = openSync(join(stage.directory, 'plain'), 'w+')
  const zeros = new Uint8Array(MiB)
  for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at)
  fsyncSync(file)
  const chunk = new Uint8Array(chunkBytes).fill(7)
  let position = 0
  await stage.drive(async (section: Section) => {
    while (!section.over(section.acknowledged)) {
      const turnMs = performance.now()
      for (let nowMs = turnMs; nowMs - turnMs < TURN_MS; ) {
        if (position + chunkBytes > FILE_BYTES) position = 0
        writeSync(file, chunk, 0, chunkBytes, position)
        fdatasyncSync(file)
        position += chunkBytes
        const doneMs = performance.now()
        section.latency.record(doneMs - nowMs)
        section.acknowledged++
        nowMs = doneMs
      }
      await new Promise(setImmediate)
    }
  })
  closeSync(file)
}
