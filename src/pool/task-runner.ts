/**
 * The worker's own side of a pool, the same in a thread and in a process: loads the module, runs its setup,
 * calls its functions one after the other. It never talks to anyone: its host carries orders and answers.
 */
import { isSendable, type Thrown } from '../channels/codec/thrown.ts'
import { PoolNotSendable, PoolTaskMissing } from './errors.ts'
import { takeFailure } from './task-failure.ts'
import { movedList, nothingMoved, type Transferable } from './transfer.ts'

/** What a worker must know to begin. Travels as it is. */
export interface StartOrder {
  readonly workerId: number
  /** URL of the module whose exports are the tasks. */
  readonly module: string
  /** URL of a module whose `setup` runs before the tasks' own; empty if there is none. */
  readonly initializer: string
  readonly setupData: unknown
  /** Whether answers should say what the worker occupies. */
  readonly watchMemory: 'yes' | 'no'
}

/** What `setup` of a task module is called with. */
export interface SetupContext {
  readonly workerId: number
  /** What the pool was given as `setupData`: a copy. */
  readonly data: unknown
}

/** One chunk as the worker gets it; the same words as in `chunk.ts`. */
export interface WorkOrder {
  readonly task: string
  readonly form: 'call' | 'items'
  readonly values: readonly unknown[]
}

/** What became of a chunk. Changed only while it runs. */
export interface WorkDone {
  values: unknown[]
  failures: [index: number, thrown: Thrown][]
  transfer: readonly Transferable[]
  durationMs: number
}

type Callable = (...args: readonly unknown[]) => unknown

export interface TaskRunner {
  /** Never rejects: what a task throws is part of what became of it. Answers at once where the tasks do. */
  run(order: WorkOrder): WorkDone | Promise<WorkDone>
  /** Runs the modules' `teardown`, last set up first. */
  teardown(): Promise<void>
}

/** Rejects with whatever the module, or its setup, throws. */
export async function startRunner(order: StartOrder, nowMs: () => number): Promise<TaskRunner> {
  const context: SetupContext = { workerId: order.workerId, data: order.setupData }
  const initializer = order.initializer === '' ? null : await load(order.initializer)
  const tasks = await load(order.module)
  await initializer?.get('setup')?.(context)
  await tasks.get('setup')?.(context)
  return {
    run: (work) => runWork(tasks.get(work.task) ?? missing(work.task), work, nowMs),
    teardown: async () => {
      await tasks.get('teardown')?.()
      await initializer?.get('teardown')?.()
    },
  }
}

async function load(module: string): Promise<ReadonlyMap<string, Callable>> {
  const exports: unknown = await import(module)
  const functions = new Map<string, Callable>()
  for (const [name, value] of Object.entries(exports as object)) {
    if (typeof value === 'function') functions.set(name, value as Callable)
  }
  return functions
}

function missing(task: string): Callable {
  return () => {
    throw new PoolTaskMissing(`the module exports no function '${task}'`)
  }
}

function runWork(
  call: Callable,
  work: WorkOrder,
  nowMs: () => number,
): WorkDone | Promise<WorkDone> {
  const startMs = nowMs()
  const done: WorkDone = { values: [], failures: [], transfer: nothingMoved, durationMs: 0 }
  const finish = (): WorkDone => {
    done.durationMs = nowMs() - startMs
    return done
  }
  const pending = advance(call, work, done)
  return pending === null ? finish() : finishLater(pending, { call, work, done }).then(finish)
}

/** Goes on until a call answers with a promise, which is for the caller; most never do, and nothing waits. */
function advance(call: Callable, work: WorkOrder, done: WorkDone): PromiseLike<unknown> | null {
  const count = work.form === 'call' ? 1 : work.values.length
  while (done.values.length < count) {
    let result: unknown
    try {
      result = work.form === 'call' ? call(...work.values) : call(work.values[done.values.length])
    } catch (error) {
      addFailure(done, error)
      continue
    }
    if (isThenable(result)) return result
    addValue(done, result)
  }
  return null
}

async function finishLater(
  first: PromiseLike<unknown>,
  rest: { call: Callable; work: WorkOrder; done: WorkDone },
): Promise<void> {
  let pending: PromiseLike<unknown> | null = first
  while (pending !== null) {
    try {
      addValue(rest.done, await pending)
    } catch (error) {
      addFailure(rest.done, error)
    }
    pending = advance(rest.call, rest.work, rest.done)
  }
}

function addValue(done: WorkDone, result: unknown): void {
  const moved = movedList(result)
  if (moved === null) {
    done.values.push(result)
    return
  }
  done.values.push((result as { value: unknown }).value)
  done.transfer = done.transfer.length === 0 ? moved : [...done.transfer, ...moved]
}

function addFailure(done: WorkDone, error: unknown): void {
  done.failures.push([done.values.length, takeFailure(error)])
  done.values.push(undefined)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** What to answer when it cannot be copied: the calls whose values are to blame fail, or all if none is. */
export function unsendable(done: WorkDone, task: string, error: unknown): WorkDone {
  const message = `what the task '${task}' returned cannot be copied: ${String(error)}`
  const thrown = takeFailure(new PoolNotSendable(message))
  const failures = new Map(done.failures)
  const culprits = done.values.flatMap((value, index) => (isSendable(value) ? [] : [index]))
  const blamed = culprits.length > 0 ? culprits : done.values.keys()
  for (const index of blamed) {
    if (!failures.has(index)) failures.set(index, thrown)
  }
  return {
    values: done.values.map((value, index) => (failures.has(index) ? undefined : value)),
    failures: [...failures],
    transfer: nothingMoved,
    durationMs: done.durationMs,
  }
}
