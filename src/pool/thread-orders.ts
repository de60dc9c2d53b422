/** What a pool and its threads say to each other. Types, and the mark that tells answers from a task's own messages. */
import type { MessagePort } from 'node:worker_threads'

import type { Thrown } from '../channels/codec/thrown.ts'
import type { StartOrder, WorkOrder } from './task-runner.ts'

/** Piscina's one task for the thread: begin, and take everything else from this port. */
export interface ThreadStart {
  readonly start: StartOrder
  readonly orders: MessagePort
}

/** What comes over that port: chunks, oldest first, or the word to end. */
export type ThreadOrder = readonly WorkOrder[] | 'stop'

export const answerTag = 'naru.pool.answer'

export type ThreadAnswer = readonly [
  tag: typeof answerTag,
  values: unknown[],
  failures: readonly (readonly [index: number, thrown: Thrown])[],
  durationMs: number,
  memoryBytes: number,
]
