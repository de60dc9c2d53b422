/**
 * The frames that two processes exchange, and the bytes at their head. It owns no buffer: the outbox writes
 * frames, the inbox finds them.
 */

// frame  = size type body            all integers little-endian
// size   : u32   bytes of type and body: at least 1, and at most what the receiver said it takes
// type   : u8
//
// hello  : who speaks, and what it allows the other to send; the first frame of each side (see hello.ts)
// refuse : text  why there will be no channel; the last frame of its sender
// value  : one value, as channels/codec writes it
// credit : messages:u32 bytes:u32   so many values of so many bytes (their frames whole) have been received by
//          the program; never more than are under way
// beat   : nothing; says "I am there" where nothing else was said for a while
// end    : nothing; no value follows
// stop   : ending:u8   send no value any more; 1 drain: I take those under way, 2 now: throw all away
// done   : messages:u32   so many more of your values are done, or were thrown away; never more than were sent
// leave  : nothing; after both ends: I do not wait, or not any more, to hear what is done
//
//   connecting side          listening side
//   hello  ------------->
//          <-------------    hello, or refuse and the end of the connection
//   value, credit, beat      value, credit, beat     in any order, each side within the other's window
//   done                     done                    only where programs say what is done
//   end, stop                end, stop               an end answers a stop
//   leave                    leave                   once both have ended; later where somebody joins
//   after both leaves: the end of the connection. A connection that ends before both ends is a lost peer. A
//   frame that is not whole is nothing: only whole values are ever received.
export const FRAME = {
  hello: 1,
  refuse: 2,
  value: 3,
  credit: 4,
  beat: 5,
  end: 6,
  stop: 7,
  done: 8,
  leave: 9,
} as const

export const SIZE_SIZE = 4
export const TYPE_SIZE = 1
export const HEAD_SIZE: number = SIZE_SIZE + TYPE_SIZE

/** By hand, because Buffer's own methods check their arguments again: four times as fast, once per value. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

export function readU32(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
  return (low | (bytes[at + 3]! << 24)) >>> 0
}

/** Writes the head of a frame that begins at `at` and ends at `end`. */
export function writeHead(
  bytes: Uint8Array,
  frame: { type: number; at: number; end: number },
): void {
  writeU32(bytes, frame.at, frame.end - frame.at - SIZE_SIZE)
  bytes[frame.at + SIZE_SIZE] = frame.type
}
