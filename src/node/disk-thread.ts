/**
 * The thread that commits: it sleeps on the table and does the system calls of one commit after the
 * other. Started by commit-thread.ts; it opens and closes nothing.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { CommitLoop, systemCalls } from './commit-loop.ts'
import { type CommitEntry, CommitTable, type SlabMessage } from './commit-table.ts'

assert(parentPort !== null, 'this is a thread')
const port = parentPort
const table = new CommitTable(workerData as SharedArrayBuffer)
const loop = new CommitLoop(systemCalls)
const slabs = new Map<number, Uint8Array>()
let messagesRead = 0

for (let number = 0; ; number++) {
  const entry = table.take(number)
  if (entry === null) break
  readMessages()
  table.finish(number, loop.run({ ...entry, pieces: piecesOf(entry) }))
}

function readMessages(): void {
  for (; messagesRead !== table.messages; messagesRead = (messagesRead + 1) | 0) {
    // Counted after it was posted, so it is there.
    const received = receiveMessageOnPort(port)
    assert(received !== undefined, 'a message was counted that never came')
    const message = received.message as SlabMessage
    if (message.kind === 'slab') slabs.set(message.slab, new Uint8Array(message.memory))
    else slabs.delete(message.slab)
  }
}

function piecesOf(entry: CommitEntry): Uint8Array[] {
  return entry.pieces.map(({ slab, offset, size }) => {
    const bytes = slabs.get(slab)
    assert(bytes !== undefined && offset + size <= bytes.length, 'a piece outside every slab')
    return bytes.subarray(offset, offset + size)
  })
}
