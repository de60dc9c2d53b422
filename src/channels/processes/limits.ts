/** The limits of channels between processes: what bounds memory, time and trust, each with its reason. */
import { assert } from '../../base/assert.ts'
import { KiB, MiB } from '../../base/bytes.ts'

/** What one end allows the other, and how long it bears its silence. Both ends choose for themselves. */
export interface LinkLimits {
  /** Values that may be under way or wait to be received here. */
  readonly windowMessages: number
  /** No value is sent while so many bytes are under way or wait here; so at most this and one message more. */
  readonly windowBytes: number
  /** Bytes of one value, encoded. */
  readonly messageBytesMax: number
  /** A peer that has said nothing at all for so long is lost, however open its connection looks. */
  readonly silenceMs: number
}

export const linkLimits: LinkLimits = {
  windowMessages: 8 * KiB, // several reads of 64 KiB of 100-byte values, so that neither side waits for a credit
  windowBytes: 2 * MiB, // what 10 links cost at worst is 20 MiB; more has not made anything faster
  messageBytesMax: 16 * MiB, // as large as a batch of rows or an image; larger things belong in files
  silenceMs: 30_000, // a process may compute for some seconds without turning its loop, and is not dead
}

/** How long a new connection may take to say who it is. */
export const greetingMs = 5_000 // enough for a loaded machine; a port scanner holds a place no longer

/** How long an ended connection may take to vanish before it is dropped. */
export const partingMs = 5_000 // everything is said by then; only the system's own farewell is missing

/** Silent ticks in a row that make a loss: each of them has seen the sockets read at least once. */
export const silentTicksMax = 4 // so a loop that was blocked itself does not take its peer for dead

/** Bytes of one frame before the peer has said who it is. */
export const helloBytesMax: number = 4 * KiB // a purpose name and a token, both below 1 KiB
export const helloTextMax: number = 1 * KiB

/** Frames are gathered in slabs that begin small, so that a quiet link costs little. */
export const slabBytesMin: number = 4 * KiB
export const slabBytesMax: number = 64 * KiB // what one read of the other side brings

/** Arrived frames are kept in segments, which begin small too. */
export const segmentBytesMin: number = 4 * KiB
export const segmentBytesMax: number = 64 * KiB // what one read of the system brings

/** Empty segments kept for what comes next; beyond that they are given back. */
export const segmentsKept = 4 // a burst of a quarter megabyte arrives without asking for memory

/** Bounds of what an end may announce: a hostile one must not make us wait or allocate for ever. */
export const windowMessagesCeiling = 1_000_000_000
export const bytesCeiling: number = 1024 * MiB // a length stays far below what a u32 holds
export const silenceMsMin = 40 // ten milliseconds a tick: below that a busy loop looks dead
export const silenceMsMax = 86_400_000 // a day

/** Values that a program has received at a hub and not said are done. */
export const inHandMax = 262_144 // 2 MiB of who sent them; a program with more in hand does not count

/** Peers of one listener. */
export const peersMaxDefault = 1_024 // each may cost a window; a machine has far fewer processes that talk

assert(linkLimits.messageBytesMax <= bytesCeiling && linkLimits.windowBytes <= bytesCeiling)
assert(linkLimits.silenceMs >= silenceMsMin && linkLimits.silenceMs <= silenceMsMax)
assert(2 * helloTextMax < helloBytesMax)
assert(slabBytesMin <= slabBytesMax && segmentBytesMin <= segmentBytesMax)
