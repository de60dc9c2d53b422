/** The outbox is full when the peer is slow, and only as long as the connection will tell that it is not any more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '../../base/ports.ts'
import { Outbox } from './outbox.ts'
import { Slabs } from './slabs.ts'

const PENDING_MAX = 100
const BUFFER_BYTES = 1_000

/** A connection that takes nothing, and says that it is enough from so many bytes on. */
function slowOutbox(): { readonly outbox: Outbox; readonly taken: () => void } {
  const connection = {
    pendingBytes: 0,
    write: (bytes: Uint8Array): boolean => {
      connection.pendingBytes += bytes.length
      return connection.pendingBytes < BUFFER_BYTES
    },
  }
  const outbox = new Outbox({
    connection: connection as unknown as Connection,
    slabs: new Slabs(4_096, 4),
    pendingMax: PENDING_MAX,
    onDirty: () => undefined,
  })
  const taken = (): void => {
    connection.pendingBytes = 0
    outbox.drained()
  }
  return { outbox, taken }
}

test('what the system buffers without a word fills no outbox', () => {
  const { outbox } = slowOutbox()
  outbox.append(new Uint8Array(BUFFER_BYTES - 1))
  outbox.flush()
  assert.equal(outbox.isFull, false)
})

test('an outbox is full from what the connection did not hurry to take until it says that it did', () => {
  const { outbox, taken } = slowOutbox()
  outbox.append(new Uint8Array(BUFFER_BYTES))
  outbox.flush()
  assert.equal(outbox.isFull, true)
  taken()
  assert.equal(outbox.isFull, false)
  outbox.append(new Uint8Array(PENDING_MAX + 1))
  outbox.flush()
  assert.equal(outbox.isFull, false)
})
