/** What a snapshot does in one turn, counted: with many thousand names it is no more than with a few. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageOf } from '../../test/machine/entry-log.ts'
import { MachineRun } from '../../test/machine/machine-run.ts'
import { Writer } from '../base/writer.ts'
import { freeze } from './snapshot.ts'

const NAMES = 10_000
const PIECE_BYTES_MAX = 5_000
const ENCODED_MAX = 500 // texts in a piece: five for each of a hundred short changes

/** Queues with a binding each, streams, and groups that remember a place each. */
function manyNames(): MachineRun {
  const run = new MachineRun()
  run.declareExchange('x')
  run.declareStream('/', 's', 1)
  const [exchange] = run.machine.namespace('/').exchanges.values()
  for (let index = 0; index < NAMES; index++) {
    run.declareQueue('/', `queue ${index}`)
    run.commit(`group ${index}`, 0, { offset: index, note: 'n' })
    const queue = run.machine.namespace('/').queues.get(`queue ${index}`)
    assert(queue !== undefined && exchange !== undefined)
    exchange.bind({ queue, key: `key ${index}`, notes: new Uint8Array(0) })
    if (index % 10 === 0) run.declareStream('other', `stream ${index}`, 2)
  }
  return run
}

test('to freeze thousands of names encodes none of them, and each piece encodes a few', (t) => {
  const { machine } = manyNames()
  const whole = imageOf(machine)
  const encode = t.mock.method(Writer.prototype, 'utf8')
  const pieces = freeze(machine)()
  assert.equal(encode.mock.callCount(), 0)
  const found: Uint8Array[] = []
  for (const piece of pieces) {
    assert(piece.length <= PIECE_BYTES_MAX, `a piece of ${piece.length} bytes`)
    assert(encode.mock.callCount() <= ENCODED_MAX, `${encode.mock.callCount()} texts in a piece`)
    encode.mock.resetCalls()
    found.push(piece)
  }
  machine.thaw()
  assert.deepEqual(new Uint8Array(Buffer.concat(found)), whole)
  assert(found.length > NAMES / 100)
})
