/** Every error that a pool itself rejects with. What a task throws is not here: it arrives as it was thrown. */

export type PoolErrorCode =
  | 'POOL_TASK_TIMEOUT'
  | 'POOL_WORKER_LOST'
  | 'POOL_START_FAILED'
  | 'POOL_QUEUE_FULL'
  | 'POOL_CLOSED'
  | 'POOL_TASK_MISSING'
  | 'POOL_NOT_SENDABLE'
  | 'POOL_MISUSE'

/** `code` is stable; the message is for people. */
export class PoolError extends Error {
  override readonly name: string = 'PoolError'
  readonly code: PoolErrorCode
  constructor(code: PoolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The task ran longer than it may; its worker was killed and replaced. */
export class PoolTaskTimeout extends PoolError {
  override readonly name = 'PoolTaskTimeout'
  readonly task: string
  readonly timeoutMs: number
  constructor(task: string, timeoutMs: number) {
    super('POOL_TASK_TIMEOUT', `the task '${task}' took longer than ${timeoutMs} ms`)
    this.task = task
    this.timeoutMs = timeoutMs
  }
}

/** How a worker ended. A thread has no signal; `error` is what nobody caught in it, if anything. */
export interface WorkerExit {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly error: unknown
}

/** The worker died while it had the task. Whether the task ran, or how far, nobody knows. */
export class PoolWorkerLost extends PoolError {
  override readonly name = 'PoolWorkerLost'
  readonly workerId: number
  readonly exitCode: number | null
  readonly signal: string | null
  constructor(task: string, workerId: number, exit: WorkerExit) {
    const how = exit.signal === null ? `with exit code ${exit.exitCode}` : `by ${exit.signal}`
    super(
      'POOL_WORKER_LOST',
      `worker ${workerId} ended ${how} while it had the task '${task}'`,
      exit.error === null ? undefined : { cause: exit.error },
    )
    this.workerId = workerId
    this.exitCode = exit.exitCode
    this.signal = exit.signal
  }
}

/** No worker could be started: its module or its setup failed (`cause`), or it took too long. */
export class PoolStartFailed extends PoolError {
  override readonly name = 'PoolStartFailed'
  constructor(message: string, options?: ErrorOptions) {
    super('POOL_START_FAILED', message, options)
  }
}

/** As many tasks wait as may wait, and the pool was told to refuse more. */
export class PoolQueueFull extends PoolError {
  override readonly name = 'PoolQueueFull'
  constructor(queueMax: number) {
    super('POOL_QUEUE_FULL', `${queueMax} tasks are waiting already`)
  }
}

/** The pool takes no task any more, or was destroyed before this one was done. */
export class PoolClosed extends PoolError {
  override readonly name = 'PoolClosed'
  constructor(message = 'the pool is closed') {
    super('POOL_CLOSED', message)
  }
}

/** The module exports no function of that name. */
export class PoolTaskMissing extends PoolError {
  override readonly name = 'PoolTaskMissing'
  constructor(message: string) {
    super('POOL_TASK_MISSING', message)
  }
}

/** An argument or a result cannot be copied to another thread or process: a function, say. */
export class PoolNotSendable extends PoolError {
  override readonly name = 'PoolNotSendable'
  constructor(message: string, options?: ErrorOptions) {
    super('POOL_NOT_SENDABLE', message, options)
  }
}

/** The caller asked for something that cannot be. */
export class PoolMisuse extends PoolError {
  override readonly name = 'PoolMisuse'
  constructor(message: string) {
    super('POOL_MISUSE', message)
  }
}
