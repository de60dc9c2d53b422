/** What a pool and its threads say to each other. Types, and the mark that tells answers from a task's own messages. */
import type { Thrown } from '../channels/codec/thrown.ts'
import type { StartOrder, WorkOrder } from './task-runner.ts'

export type ThreadOrder =
  | { readonly kind: 'start'; readonly start: StartOrder }
  | { readonly kind: 'work'; readonly work: readonly WorkOrder[] }
  | { readonly kind: 'stop' }

export const answerTag = 'naru.pool.answer'

export type ThreadAnswer = readonly [
  tag: typeof answerTag,
  values: unknown[],
  failures: readonly (readonly [index: number, thrown: Thrown])[],
  durationMs: number,
  memoryBytes: number,
]
