/** Makes pools: resolves the options, and puts workers, crew and pool together. */
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inheritedExecArgv } from '../channels/processes/exec-argv.ts'
import { NodeClock } from '../node/clock.ts'
import { NodeScheduler } from '../node/scheduler.ts'
import type { AnyTasks, Pool as PoolContract } from './contract.ts'
import { Crew } from './crew.ts'
import { PoolMisuse } from './errors.ts'
import {
  bytesFor,
  checkCount,
  checkMs,
  checkWhole,
  type PoolOptions,
  poolDefaults,
  sizeFor,
} from './pool-options.ts'
import { processKind } from './process-port.ts'
import { TaskPool } from './task-pool.ts'
import type { StartOrder } from './task-runner.ts'
import { threadKind } from './thread-port.ts'
import type { WorkerKind } from './worker-port.ts'

export type Pool<M extends object = AnyTasks> = PoolContract<M>

export interface PoolMaker {
  /** Workers are threads of this process: quick to start, and memory can be moved to them. */
  threads<M extends object = AnyTasks>(options: PoolOptions): Pool<M>
  /** Workers are processes: nothing is shared, and whatever happens in one, the rest goes on. */
  processes<M extends object = AnyTasks>(options: PoolOptions): Pool<M>
}

/** `Pool.threads<typeof import('./tasks.ts')>({ module })`: the type gives the names, arguments and results. */
export const Pool: PoolMaker = {
  threads: (options) => assemble(options, threads),
  processes: (options) => assemble(options, processes),
}

type Ports = NonNullable<PoolOptions['ports']>
type MakeKind = (
  options: PoolOptions,
  start: Omit<StartOrder, 'workerId'>,
  ports: Ports,
) => WorkerKind

const realPorts: Ports = { clock: new NodeClock(), scheduler: new NodeScheduler() }

function assemble<M extends object>(options: PoolOptions, makeKind: MakeKind): Pool<M> {
  const ports = options.ports ?? realPorts
  const { recycle = {} } = options
  const start: Omit<StartOrder, 'workerId'> = {
    module: moduleUrl(options.module),
    initializer: options.initializer === undefined ? '' : moduleUrl(options.initializer),
    setupData: options.setupData,
    watchMemory: recycle.megabytes === undefined ? 'no' : 'yes',
  }
  const crew = new Crew({
    kind: makeKind(options, start, ports),
    size: sizeFor(options, availableParallelism()),
    aheadMax: checkAhead(options.aheadMax ?? poolDefaults.aheadMax),
    queueMax: checkCount('queueMax', options.queueMax ?? poolDefaults.queueMax),
    callsMax: checkCount('recycle.tasks', recycle.tasks ?? Number.POSITIVE_INFINITY),
    memoryBytesMax: bytesFor(recycle.megabytes),
    startTimeoutMs: checkMs(
      'startTimeoutMs',
      options.startTimeoutMs ?? poolDefaults.startTimeoutMs,
    ),
    stopTimeoutMs: checkMs('stopTimeoutMs', options.stopTimeoutMs ?? poolDefaults.stopTimeoutMs),
    onEvent: options.onEvent ?? null,
    ...ports,
  })
  const pool: Pool<AnyTasks> = new TaskPool(crew, {
    whenFull: options.whenFull ?? 'wait',
    timeoutMs: checkMs('timeoutMs', options.timeoutMs ?? Number.POSITIVE_INFINITY),
    attempts: checkWhole('attempts', options.attempts ?? poolDefaults.attempts),
  })
  // The names and types of the tasks are the caller's word about the module; nothing here can check it.
  return pool as unknown as Pool<M>
}

function threads(options: PoolOptions, start: Omit<StartOrder, 'workerId'>): WorkerKind {
  const { heapMegabytesMax } = options
  return threadKind({
    start,
    resourceLimits:
      heapMegabytesMax === undefined ? {} : { maxOldGenerationSizeMb: heapMegabytesMax },
    env: options.env ?? null,
    execArgv: options.execArgv ?? null,
  })
}

function processes(
  options: PoolOptions,
  start: Omit<StartOrder, 'workerId'>,
  ports: Ports,
): WorkerKind {
  const { heapMegabytesMax } = options
  const heap = heapMegabytesMax === undefined ? [] : [`--max-old-space-size=${heapMegabytesMax}`]
  return processKind({
    start,
    execArgv: [...(options.execArgv ?? inheritedExecArgv(process.execArgv)), ...heap],
    env: options.env ?? null,
    scheduler: ports.scheduler,
  })
}

function moduleUrl(module: URL | string): string {
  if (module instanceof URL) return module.href
  if (typeof module !== 'string') {
    throw new PoolMisuse(`a module is a URL or a path, not ${typeof module}`)
  }
  return URL.canParse(module) ? module : pathToFileURL(resolve(module)).href
}

function checkAhead(aheadMax: number): number {
  if (Number.isSafeInteger(aheadMax) && aheadMax >= 0) return aheadMax
  throw new PoolMisuse(`aheadMax is a whole number from 0, not ${aheadMax}`)
}
