/** A peer that keeps no rules. */
import type { ConnectionHandler } from '../../src/base/ports.ts'
import type { MemoryConnection } from './memory-world.ts'

/** Someone who writes what he likes. */
export class Stranger implements ConnectionHandler {
  readonly connection: MemoryConnection
  gone = false

  constructor(connection: MemoryConnection) {
    this.connection = connection
    connection.start(this)
  }

  write(...frames: [type: number, body: Uint8Array][]): void {
    for (const [type, body] of frames) {
      const head = Buffer.alloc(5)
      head.writeUInt32LE(body.length + 1)
      head[4] = type
      this.connection.write(Buffer.concat([head, body]))
    }
  }

  data(): void {
    // He does not listen.
  }

  ended(): void {
    // Nor stop.
  }

  drained(): void {
    // Nor wait.
  }

  closed(): void {
    this.gone = true
  }
}
