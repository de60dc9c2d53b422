/**
 * The thread that commits, and reads in order while nobody commits: it sleeps on the table and does the
 * system calls of one order after the other. Started by commit-thread.ts; it opens and closes nothing.
 */
import { readSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { CommitLoop, systemCalls } from './commit-loop.ts'
import { CommitTable, type Outcome, type SlabMessage, type TableEntry } from './commit-table.ts'
import { type ReadCall, runRead } from './read-loop.ts'

const read: ReadCall = (handle, into, position) => readSync(handle, into, 0, into.length, position)

assert(parentPort !== null, 'this is a thread')
const port = parentPort
const table = new CommitTable(workerData as SharedArrayBuffer)
const loop = new CommitLoop(systemCalls)
const slabs = new Map<number, Uint8Array>()
let messagesRead = 0

table.comeUp()
for (let number = 0; ; number++) {
  const entry = table.take(number)
  if (entry === null) break
  readMessages()
  table.finish(number, run(entry))
}

function run(entry: TableEntry): Outcome {
  const { handle, file, work, position } = entry
  const pieces = piecesOf(entry)
  if (work !== 'read') {
    return { errno: loop.run({ handle, file, pieces, position, sync: work }), size: 0 }
  }
  const [into] = pieces
  assert(into !== undefined && pieces.length === 1, 'a read is of one piece')
  return runRead(read, { handle, into, position })
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

function piecesOf(entry: TableEntry): Uint8Array[] {
  return entry.pieces.map(({ slab, offset, size }) => {
    const bytes = slabs.get(slab)
    assert(bytes !== undefined && offset + size <= bytes.length, 'a piece outside every slab')
    return bytes.subarray(offset, offset + size)
  })
}
