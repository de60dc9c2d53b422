/** Which commits may hold up the event loop: few, small, quick ones, and only what it has time for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../base/limits.ts'
import { CommitPlace } from './commit-place.ts'

const QUICK_MS = 0.1
const COMMITS = 100 // enough for any of them to count as usual

/** An event loop on which commits take what they are told to take. */
class Loop {
  readonly place = new CommitPlace()
  nowMs = 1_000
  idleMs = 500

  /** Time goes by, so much of it idle. */
  pass(ms: number, idleMs: number): void {
    this.nowMs += ms
    this.idleMs += idleMs
  }

  choose(bytes = 100): string {
    return this.place.choose(bytes, this)
  }

  take(tookMs: number): void {
    this.nowMs += tookMs
    this.place.ended(tookMs, this)
  }

  static ofQuickDisk(): Loop {
    const loop = new Loop()
    for (let count = 0; count < COMMITS; count++) loop.take(QUICK_MS)
    return loop
  }
}

test('no commit runs here before the disk has shown that it is quick', () => {
  const loop = new Loop()
  loop.pass(1, 1)
  assert.equal(loop.choose(), 'thread')
  for (let count = 0; count < COMMITS; count++) loop.take(QUICK_MS)
  loop.pass(1, 1)
  assert.equal(loop.choose(), 'here')
})

test('none ever runs here on a disk that takes longer as a rule', () => {
  const loop = new Loop()
  for (let count = 0; count < COMMITS; count++) {
    loop.pass(1, 1)
    assert.equal(loop.choose(), 'thread')
    loop.take(limits.commitHereUs * 0.0011)
  }
})

test('a large one goes to the thread', () => {
  const loop = Loop.ofQuickDisk()
  loop.pass(1, 1)
  assert.equal(loop.choose(limits.commitHereBytes), 'here')
  assert.equal(loop.choose(limits.commitHereBytes + 1), 'thread')
})

test('one that follows the last at once goes to the thread, so nothing keeps the loop for ever', () => {
  const loop = Loop.ofQuickDisk()
  assert.equal(loop.choose(), 'thread')
})

test('a loop that was busy since the last one is not held up', () => {
  const part = limits.commitHereIdlePart
  const loop = Loop.ofQuickDisk()
  loop.pass(part, 0.99)
  assert.equal(loop.choose(), 'thread')
  loop.pass(0, 0.01)
  assert.equal(loop.choose(), 'here')
})

test('after a slow one, wherever it ran, none runs here for a multiple of its time', () => {
  const loop = Loop.ofQuickDisk()
  const tookMs = limits.commitSlowMs + 0.1
  loop.take(tookMs)
  const restMs = tookMs * limits.commitSlowRest
  // Others are quick meanwhile.
  for (let count = 0; count < COMMITS; count++) {
    loop.pass(restMs / COMMITS - QUICK_MS, restMs / COMMITS - QUICK_MS)
    assert.equal(loop.choose(), 'thread')
    loop.take(QUICK_MS)
  }
  loop.pass(1, 1)
  assert.equal(loop.choose(), 'here')
})
