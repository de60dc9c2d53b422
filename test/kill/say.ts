/**
 * How a child process says something before it does the next thing: a line on stdout, written when the call returns.
 * What its parent has read is said, whatever happens to the child afterwards.
 */
import { writeSync } from 'node:fs'

export function say(...words: readonly (string | number)[]): void {
  const line = Buffer.from(`${words.join(' ')}\n`)
  for (let at = 0; at < line.length; ) at += writeSome(line.subarray(at))
}

/** How much the pipe took; nothing while it is full, because its reader is slower. */
function writeSome(bytes: Uint8Array): number {
  try {
    return writeSync(1, bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    return 0
  }
}
