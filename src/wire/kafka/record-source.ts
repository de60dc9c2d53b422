/** Where the records of a response come from: something that knows its size and writes itself, once. */
import type { Writer } from '../../base/writer.ts'

export interface RecordSource {
  readonly sizeBytes: number
  /** Writes exactly `sizeBytes`. */
  write(w: Writer): void
}

/** Records that lie in one run of memory. */
export class RecordBytes implements RecordSource {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get sizeBytes(): number {
    return this.bytes.length
  }

  write(w: Writer): void {
    w.bytes(this.bytes)
  }
}
