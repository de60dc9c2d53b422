/** What arrives on a link: cut anywhere, taken at any time, and checked before it is waited for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Fault } from '../../base/fault.ts'
import { ValueWriter } from '../codec/value.ts'
import type { Sendable } from '../contract.ts'
import { FRAME, HEAD_SIZE, writeHead } from './frame.ts'
import { Inbox } from './inbox.ts'

const writer = new ValueWriter()

function valueFrame(value: Sendable): Buffer {
  const bytes = Buffer.alloc(HEAD_SIZE + writer.measure(value))
  const end = writer.write(bytes, HEAD_SIZE)
  writeHead(bytes, { type: FRAME.value, at: 0, end })
  return bytes.subarray(0, end)
}

function controlFrame(type: number, body: Uint8Array): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(HEAD_SIZE), body])
  writeHead(bytes, { type, at: 0, end: bytes.length })
  return bytes
}

interface Filled {
  readonly inbox: Inbox
  readonly controls: [number, string][]
}

function fill(frameBytesMax: number): Filled {
  const controls: [number, string][] = []
  const inbox = new Inbox(frameBytesMax, (type, body) => {
    controls.push([type, body.toString('hex')])
  })
  return { inbox, controls }
}

function add(inbox: Inbox, bytes: Uint8Array): void {
  const borrowed = Buffer.from(bytes)
  inbox.add(borrowed)
  borrowed.fill(0xee)
}

type Step = { readonly value: Sendable } | { readonly control: Uint8Array }

const steps = fc.array(
  fc.oneof(
    fc
      .oneof(fc.string(), fc.integer(), fc.uint8Array({ maxLength: 200 }))
      .map((value) => ({ value })),
    fc.uint8Array({ maxLength: 8 }).map((control) => ({ control })),
  ),
  { maxLength: 60 },
)

test('values come out as they went in, however their bytes are cut and whenever they are taken', () => {
  fc.assert(
    fc.property(steps, fc.array(fc.nat(300)), fc.array(fc.nat(5)), (script, cuts, takes) => {
      const bytes = Buffer.concat(
        script.map((step: Step) =>
          'value' in step ? valueFrame(step.value) : controlFrame(FRAME.credit, step.control),
        ),
      )
      const { inbox, controls } = fill(1000)
      const values: Sendable[] = []
      let at = 0
      for (let turn = 0; at < bytes.length; turn++) {
        const size = 1 + (cuts[turn % Math.max(cuts.length, 1)] ?? bytes.length)
        add(inbox, bytes.subarray(at, at + size))
        at += size
        for (let take = takes[turn % Math.max(takes.length, 1)] ?? 0; take > 0; take--) {
          if (inbox.ready > 0) values.push(inbox.shift())
        }
      }
      while (inbox.ready > 0) values.push(inbox.shift())
      const sent = script.flatMap((step: Step) => ('value' in step ? [step.value] : []))
      const told = script.flatMap((step: Step) => ('value' in step ? [] : [step.control]))
      assert.deepEqual(values, sent)
      assert.deepEqual(
        controls.map(([, body]) => body),
        told.map((body) => Buffer.from(body).toString('hex')),
      )
      assert.equal(inbox.takenBytes, inbox.arrivedBytes)
    }),
  )
})

test('a value larger than any segment arrives whole, and its memory is given back', () => {
  const { inbox } = fill(2 ** 24)
  const large = new Uint8Array(3_000_000).fill(7)
  const bytes = Buffer.concat([valueFrame('before'), valueFrame(large), valueFrame('after')])
  for (let at = 0; at < bytes.length; at += 65_536) add(inbox, bytes.subarray(at, at + 65_536))
  assert.deepEqual([inbox.shift(), inbox.shift(), inbox.shift()], ['before', large, 'after'])
  add(inbox, valueFrame('again'))
  assert.equal(inbox.shift(), 'again')
})

test('a frame beyond the maximum, or without a type, is a fault before its bytes are waited for', () => {
  const head = (size: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(size)
    return bytes
  }
  for (const size of [0, 101, 0xffffffff]) {
    const { inbox } = fill(100)
    assert.throws(
      () => inbox.add(head(size)),
      (error) => error instanceof Fault && error.code === 'frame-size',
    )
  }
  const { inbox } = fill(100)
  inbox.add(head(100))
  assert.equal(inbox.ready, 0)
})

test('a million frames that are no values leave no memory behind them', () => {
  const { inbox, controls } = fill(100)
  const beats = Buffer.concat(
    Array.from({ length: 1000 }, () => controlFrame(FRAME.beat, new Uint8Array(60))),
  )
  const before = process.memoryUsage().arrayBuffers
  for (let count = 0; count < 1000; count++) {
    add(inbox, beats)
    controls.length = 0
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000)
})

test('what is discarded is counted, and nothing of it can be received', () => {
  const { inbox } = fill(100)
  add(inbox, Buffer.concat([valueFrame(1), valueFrame(2)]))
  const half = valueFrame('half')
  add(inbox, half.subarray(0, 7))
  inbox.discard()
  add(inbox, half.subarray(7))
  add(inbox, valueFrame(3))
  assert.deepEqual([inbox.ready, inbox.discarded], [0, 4])
  assert.equal(inbox.takenBytes, inbox.arrivedBytes)
})

test('a value after the end is a fault', () => {
  const { inbox } = fill(100)
  inbox.end()
  add(inbox, controlFrame(FRAME.beat, new Uint8Array()))
  assert.throws(
    () => inbox.add(valueFrame(1)),
    (error) => error instanceof Fault && error.code === 'end',
  )
})

test('a shut inbox takes nothing in and still gives out what was whole', () => {
  const { inbox } = fill(100)
  add(inbox, Buffer.concat([valueFrame(1), valueFrame(2).subarray(0, 3)]))
  inbox.shut()
  add(inbox, valueFrame(3))
  assert.deepEqual([inbox.ready, inbox.shift(), inbox.ready], [1, 1, 0])
})
