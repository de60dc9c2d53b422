/** The public surface of `naru/pool`: pools of threads and of processes, and what goes with them. */
export type {
  AnyTasks,
  ChunkSize,
  Items,
  MapName,
  MapOptions,
  Outcome,
  Progress,
  RunOptions,
  TaskArgs,
  TaskItem,
  TaskName,
  TaskResult,
} from './contract.ts'
export {
  PoolClosed,
  PoolError,
  type PoolErrorCode,
  PoolMisuse,
  PoolNotSendable,
  PoolQueueFull,
  PoolStartFailed,
  PoolTaskMissing,
  PoolTaskTimeout,
  PoolWorkerLost,
} from './errors.ts'
export { Pool, type PoolMaker } from './pool.ts'
export type { PoolOptions } from './pool-options.ts'
export { type ProgressBar, type ProgressOutput, progressBar } from './progress-bar.ts'
export { type QueueMessage, type QueueSourceOptions, queueSource } from './queue-source.ts'
export type { PoolCounters, PoolEvent, WorkerEnd } from './tally.ts'
export type { SetupContext } from './task-runner.ts'
export {
  type ChannelSourceOptions,
  type ConsumeOptions,
  type Consumption,
  channelSource,
  type Delivery,
  type TaskSource,
} from './task-source.ts'
export { type Moved, type Transferable, transfer } from './transfer.ts'
