/**
 * Runs inside a thread of a pool. Piscina calls `perform` once; from then on orders come over a port of their
 * own, and answers go back over the thread's, because Node delivers what was posted there even when the
 * thread dies in its next task.
 */
import { getHeapStatistics } from 'node:v8'
import { parentPort } from 'node:worker_threads'

import { assert } from '../base/assert.ts'
import { type Thrown, takeApart } from '../channels/codec/thrown.ts'
import {
  type StartOrder,
  startRunner,
  type TaskRunner,
  unsendable,
  type WorkDone,
  type WorkOrder,
} from './task-runner.ts'
import {
  answerTag,
  type ThreadAnswer,
  type ThreadOrder,
  type ThreadStart,
} from './thread-orders.ts'

const nowMs = (): number => performance.now()

let runner: TaskRunner | null = null
let watchMemory: StartOrder['watchMemory'] = 'no'
/** Orders that have not been followed, oldest first: one chunk runs at a time. */
let waiting: ThreadOrder[] = []
let running: 'yes' | 'no' = 'no'

/** Answers what the setup threw, or `null`. */
export async function perform({ start, orders }: ThreadStart): Promise<Thrown | null> {
  try {
    watchMemory = start.watchMemory
    runner = await startRunner(start, nowMs)
  } catch (error) {
    return takeApart(error)
  }
  orders.on('message', (order: ThreadOrder) => {
    waiting.push(order)
    if (running === 'no') void work()
  })
  return null
}

async function work(): Promise<void> {
  running = 'yes'
  while (waiting.length > 0) {
    const batch = waiting
    waiting = []
    for (const order of batch) {
      if (order === 'stop') return stop()
      for (const chunk of order) {
        const pending = follow(chunk)
        if (pending !== null) await pending
      }
    }
  }
  running = 'no'
}

async function stop(): Promise<never> {
  await runner?.teardown()
  process.exit(0)
}

/** A promise only if the task gave one: most do not, and then the next chunk need not wait for a turn. */
function follow(order: WorkOrder): Promise<void> | null {
  assert(runner !== null, 'a thread is started before it works')
  const done = runner.run(order)
  if (done instanceof Promise) return done.then((late) => answer(late, order.task))
  answer(done, order.task)
  return null
}

function answer(done: WorkDone, task: string): void {
  try {
    post(done)
  } catch (error) {
    post(unsendable(done, task, error))
  }
}

function post(done: WorkDone): void {
  assert(parentPort !== null, 'this module runs in a thread')
  const answered: ThreadAnswer = [
    answerTag,
    done.values,
    done.failures,
    done.durationMs,
    watchMemory === 'yes' ? memoryBytes() : 0,
  ]
  parentPort.postMessage(answered, done.transfer)
}

/** This thread's own share: its heap, and the buffers that hang on it. */
function memoryBytes(): number {
  const heap = getHeapStatistics()
  return heap.used_heap_size + heap.external_memory
}
