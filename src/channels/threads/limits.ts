/** The limits of what threads share, each with its reason; see also src/base/limits.ts. */
import { assert } from '../../base/assert.ts'
import { KiB, MiB } from '../../base/bytes.ts'

export const threadLimits = {
  seats: 32, // parties of one shared object, unless told; one mask word then holds who sleeps
  seatsMax: 1024, // 64 KiB of seats; beyond that one object is the wrong shape
  ringBytes: (256 * KiB) as number, // stays in a core's second cache, and holds some 3,000 messages of 64 bytes
  ringBytesMin: (1 * KiB) as number, // a fragment of a quarter ring must hold its own header many times
  ringBytesMax: (32 * MiB) as number, // half a ring is the largest whole frame, and its size has 25 bits
  messageBytes: (128 * MiB) as number, // as everywhere in Naru; a receiver allocates it in one piece
  spinTurns: 400, // tries before a blocked thread sleeps: 10 to 20 us, what a sleep and a wake-up cost together
  spinTurnsMin: 16, // of a barrier whose parties wait for each other's core: less than a twentieth of a sleep
  probeTurns: 4_000, // tries that outlast the wake-up of a thread on an idle core: some 100 us
  probeEvery: 256, // sleeps before one such probe, at most: it costs them less than a tenth more
  lockTries: 100, // tries for a lock that is held for less than a microsecond, before it counts as busy
  sliceMs: 1_000, // a sleeper looks up this often: finds a death that nobody could report
  leaseMs: 30_000, // a party that holds the ring this long without a sign of life counts as dead
  graveyard: 4096, // thread ids remembered as ended, by their low bits: 16 KiB for the whole process
  hotTurns: 16, // turns of the event loop that a busy party polls before it sleeps: some 20 us
  aheadMax: 2_048, // messages that a receiver may be ahead of one that waits: a millisecond of a busy ring
  lookEvery: 256, // messages between two looks at the others: costs a thousandth of them, and is far below aheadMax
  napMs: 1, // of a receiver that rests: what the shortest timer takes, and a thousand messages for the others
  restMs: 20, // the longest rest: what one that waits may need to get a core on a busy machine
  lookEveryMax: 1_048_576, // messages between two looks when rests are in vain: then they cost a hundredth
  causes: 64, // errors of ended threads kept for the messages of those who miss them
} as const

assert(threadLimits.seats <= threadLimits.seatsMax)
assert(threadLimits.lookEvery * 2 <= threadLimits.aheadMax)
assert(threadLimits.ringBytesMax / 2 < 1 << 25)
assert(threadLimits.sliceMs * 4 < threadLimits.leaseMs)
assert(threadLimits.spinTurnsMin <= threadLimits.spinTurns)
assert((threadLimits.graveyard & (threadLimits.graveyard - 1)) === 0)
