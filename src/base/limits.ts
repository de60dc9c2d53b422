/**
 * The limits: what bounds a loop, a queue or a size, each with its reason, related by assertions
 * (STYLE 4.20). A limit enters this file with the code that keeps it, never before. A computed one
 * says `as number`, because the compiler wants the type of what is exported without computing it.
 */
import { assert } from './assert.ts'
import { KiB, MiB } from './bytes.ts'

export const limits = {
  writerBytes: (256 * MiB) as number, // twice the largest body; a frame past this is a runaway loop
  ringSlotsKept: 1024, // a drained ring keeps this much; a burst of a million gives 8 MB back

  commitPieces: 4096, // 8 MiB in pieces of 2 KiB; the table of one commit takes 48 KiB
  commitsInThread: 2, // one being synced and one ready to follow: the thread never waits for us
  commitsQueued: 256, // a few for every open file; more means that somebody ignores back-pressure
  commitHereUs: 500, // what a commit may usually take on the event loop: some twenty turns of a busy one
  commitSlowMs: 1, // one that took longer says that the disk is not always quick
  commitSlowRest: 10, // times as long the next ones go to the thread: slow ones take a tenth of the loop's time at most
  commitHereBytes: (16 * KiB) as number, // a few messages; more are the commit of many, who keep the loop busy
  commitHereIdlePart: 8, // of the loop's time at least so much was idle: syncs take only what nobody wants
  writePieces: 1024, // IOV_MAX on Linux and macOS: what one call takes
  writeInterrupts: 100, // signals in a row without a byte moved; libuv retries too, so one is rare

  randomWords: 256, // 1 KiB of chance from one system call instead of 4 bytes
  timerMs: (2 ** 31 - 1) as number, // setTimeout makes 1 ms of anything longer
  socketPathBytes: 103, // macOS has room for 104 with a NUL (Linux 108), and cuts off silently
  socketBufferBytes: (64 * KiB) as number, // written, not taken by the system: enough for now
  keepAliveMs: 60_000, // a peer without power is noticed even where the protocol has no heartbeat
} as const

assert(limits.ringSlotsKept > 0 && (limits.ringSlotsKept & (limits.ringSlotsKept - 1)) === 0)
assert(limits.commitsInThread <= limits.commitsQueued)
assert(limits.writePieces <= limits.commitPieces)
