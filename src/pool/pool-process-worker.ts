/**
 * Runs inside a process of a pool: reads orders from one pipe, writes answers to another. An answer is
 * written, by a call that returns only when the system has it, before the next chunk begins: so that
 * whatever kills this process later, what was done is known to be done.
 */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'

import { assert, unreachable } from '../base/assert.ts'
import { takeApart } from '../channels/codec/thrown.ts'
import { watchLifeline } from '../channels/processes/lifeline.ts'
import { downKind, type Frame, FrameReader, FrameWriter, upKind } from './pipe-frames.ts'
import { answersFd, lifelineFd, ordersFd } from './process-pipes.ts'
import {
  type StartOrder,
  startRunner,
  type TaskRunner,
  unsendable,
  type WorkDone,
  type WorkOrder,
} from './task-runner.ts'

type Order = WorkOrder | StartOrder | 'stop'

/** Asking the system what this process occupies takes as long as many a task. */
const memoryEveryMs = 20

const nowMs = (): number => performance.now()
const frames = new FrameWriter()

let runner: TaskRunner | null = null
let watchMemory: StartOrder['watchMemory'] = 'no'
let memoryBytes = 0
let memoryMs = Number.NEGATIVE_INFINITY
/** Orders that have not been looked at, oldest first: one at a time. */
let waiting: Order[] = []
let running: 'yes' | 'no' = 'no'

const reader = new FrameReader((frame) => {
  waiting.push(orderOf(frame))
})
const orders = new Socket({ fd: ordersFd, readable: true, writable: false })
orders.on('data', (bytes: Buffer) => {
  reader.push(bytes)
  if (running === 'no') void work()
})
// The pool has gone. Nobody is left to read an answer, or to run a teardown for.
orders.on('end', () => process.exit(0))
orders.on('error', () => process.exit(0))
// Ctrl-C goes to every process of the terminal; whether it ends this one is for the pool's own program to say.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error: unknown) => {
  tell(upKind.uncaught, error)
  process.exit(1)
})

function orderOf(frame: Frame): Order {
  switch (frame.kind) {
    case downKind.start:
      return frame.values()[0] as StartOrder
    case downKind.work: {
      const form = frame.u8() === 0 ? 'call' : 'items'
      return { form, task: frame.text(), values: frame.values() }
    }
    case downKind.stop:
      return 'stop'
    default:
      return unreachable(frame.kind as never)
  }
}

async function work(): Promise<void> {
  running = 'yes'
  while (waiting.length > 0) {
    const batch = waiting
    waiting = []
    for (const order of batch) {
      const pending = follow(order)
      // Most tasks answer at once, and then the next one need not wait for a turn.
      if (pending !== null) await pending
    }
  }
  running = 'no'
}

function follow(order: Order): Promise<void> | null {
  if (order === 'stop') return stop()
  return 'module' in order ? start(order) : answerWork(order)
}

async function start(order: StartOrder): Promise<void> {
  watchMemory = order.watchMemory
  try {
    runner = await startRunner(order, nowMs)
  } catch (error) {
    tell(upKind.failed, error)
    process.exit(1)
  }
  frames.begin(upKind.ready)
  frames.end()
  write()
  watchLifeline(lifelineFd)
}

async function stop(): Promise<never> {
  try {
    await runner?.teardown()
  } catch (error) {
    tell(upKind.uncaught, error)
    process.exit(1)
  }
  process.exit(0)
}

function answerWork(order: WorkOrder): Promise<void> | null {
  assert(runner !== null, 'a process is started before it works')
  const done = runner.run(order)
  if (done instanceof Promise) return done.then((late) => answer(late, order.task))
  answer(done, order.task)
  return null
}

function answer(done: WorkDone, task: string): void {
  try {
    frame(done)
  } catch (error) {
    frames.drop()
    frame(unsendable(done, task, error))
  }
  write()
}

function frame(done: WorkDone): void {
  frames.begin(upKind.answer)
  frames.f64(done.durationMs)
  frames.f64(watchMemory === 'yes' ? occupied() : 0)
  frames.values(done.failures.length === 0 ? [] : [done.failures])
  frames.values(done.values)
  frames.end()
}

function occupied(): number {
  const now = nowMs()
  if (now - memoryMs >= memoryEveryMs) {
    memoryMs = now
    memoryBytes = process.memoryUsage.rss()
  }
  return memoryBytes
}

function tell(kind: number, error: unknown): void {
  frames.begin(kind)
  frames.values([takeApart(error)])
  frames.end()
  write()
}

function write(): void {
  const bytes = frames.view()
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(answersFd, bytes, at)
    } catch {
      // The pool has gone.
      process.exit(0)
    }
  }
}
