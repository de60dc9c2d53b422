/**
 * Runs inside a thread of a pool. Piscina calls `perform` with each order; answers go back over the thread's
 * own port, because Node delivers what was posted there even when the thread dies in its next task.
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
import { answerTag, type ThreadAnswer, type ThreadOrder } from './thread-orders.ts'

const nowMs = (): number => performance.now()

let runner: TaskRunner | null = null
let watchMemory: StartOrder['watchMemory'] = 'no'
/** Chunks that have not begun, oldest first: one runs at a time. */
let waiting: WorkOrder[] = []
let running: 'yes' | 'no' = 'no'

/** Answers what the setup or the teardown threw, or `null`; an order to work is answered chunk by chunk. */
export async function perform(order: ThreadOrder): Promise<Thrown | null> {
  try {
    if (order.kind === 'start') {
      watchMemory = order.start.watchMemory
      runner = await startRunner(order.start, nowMs)
    } else if (order.kind === 'stop') {
      await runner?.teardown()
    } else {
      waiting.push(...order.work)
      if (running === 'no') await work()
    }
    return null
  } catch (error) {
    return takeApart(error)
  }
}

async function work(): Promise<void> {
  assert(runner !== null, 'a thread is started before it works')
  running = 'yes'
  while (waiting.length > 0) {
    const batch = waiting
    waiting = []
    for (const order of batch) {
      const done = runner.run(order)
      answer(done instanceof Promise ? await done : done, order.task)
    }
  }
  running = 'no'
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
