/** The last words of a broker: a slow disk is waited for, a full one not for long; who holds something spoils them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectMark } from '../base/mark.ts'
import type { Log, Store } from '../journal/engine.ts'
import { Machine } from '../machine/machine.ts'
import { sayGoodbye } from './goodbye.ts'

/** A journal that refuses so many reservations, and counts how often somebody waited for room. */
class Refusing {
  readonly log: Log
  waits = 0
  written = 0

  constructor(refusals: number, why: 'wait' | 'full') {
    const reserve = (): 'ok' | 'wait' | 'full' => (this.waits < refusals ? why : 'ok')
    const claim = (): number => ++this.written
    const room = async (): Promise<void> => {
      this.waits++
    }
    const slot = { bytes: new Uint8Array(64), at: 0 }
    this.log = { reserve, claim, room, slot, isFull: why === 'full' } as unknown as Log
  }
}

function machine(): Machine {
  const made = new Machine({} as Store)
  made.stoppedCleanly = false
  return made
}

const words = { isOver: () => false, writeDown: () => true }

test('a slow disk is waited for, however long it takes', async () => {
  const disk = new Refusing(1_000, 'wait')
  const stopping = machine()
  assert.equal(await sayGoodbye(disk.log, stopping, words), true)
  assert.deepEqual([disk.waits, disk.written, stopping.stoppedCleanly], [1_000, 1, true])
})

test('a disk that is full and stays so is given up, and the stop is none in good order', async () => {
  const disk = new Refusing(Number.POSITIVE_INFINITY, 'full')
  const stopping = machine()
  const said = await expectMark('runtime/no-room-to-stop', () => {
    return sayGoodbye(disk.log, stopping, words)
  })
  assert.deepEqual([said, disk.written, stopping.stoppedCleanly], [false, 0, false])
  assert(disk.waits > 0, 'it was asked again')
})

test('a full disk that finds room in time takes the last words', async () => {
  const disk = new Refusing(2, 'full')
  assert.equal(await sayGoodbye(disk.log, machine(), words), true)
  assert.equal(disk.written, 1)
})

test('what was settled is written before the last words, or neither is', async () => {
  const disk = new Refusing(0, 'full')
  const stopping = machine()
  assert.equal(await sayGoodbye(disk.log, stopping, { ...words, writeDown: () => false }), false)
  assert.deepEqual([disk.written, stopping.stoppedCleanly], [0, false])
})

test('whoever failed says nothing and waits for nothing', async () => {
  const disk = new Refusing(Number.POSITIVE_INFINITY, 'wait')
  const stopping = machine()
  assert.equal(await sayGoodbye(disk.log, stopping, { ...words, isOver: () => true }), true)
  assert.deepEqual([disk.waits, stopping.stoppedCleanly], [0, false])
})
