/** Runs inside a thread that blocks: makes one call that finds nothing, and says how it ended. */
import { parentPort, workerData } from 'node:worker_threads'
import { ThreadBarrier } from '../../src/channels/threads/thread-barrier.ts'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import { ThreadElection } from '../../src/channels/threads/thread-election.ts'
import { ThreadLatch } from '../../src/channels/threads/thread-latch.ts'
import { ThreadOnce } from '../../src/channels/threads/thread-once.ts'
import { ThreadRwLock } from '../../src/channels/threads/thread-rw-lock.ts'
import { ThreadMutex, ThreadSemaphore } from '../../src/channels/threads/thread-semaphore.ts'
import type { BlockingName, BlockingOrder } from './blocking.ts'

const { name, handles, timeoutMs, signal } = workerData as BlockingOrder

const options = {
  ...(timeoutMs === null ? {} : { timeoutMs }),
  ...(signal === 'fired' ? { signal: AbortSignal.abort() } : {}),
}

/** Each attaches before it says that it begins. */
const calls: Readonly<Record<BlockingName, () => () => unknown>> = {
  getSync: () => {
    const own = ThreadChannel.attach(handles.empty)
    return () => own.getSync(options)
  },
  putSync: () => {
    const own = ThreadChannel.attach<number>(handles.full)
    return () => own.putSync(2, options)
  },
  'barrier.waitSync': () => {
    const own = ThreadBarrier.attach(handles.barrier)
    return () => own.waitSync(options)
  },
  'latch.waitSync': () => {
    const own = ThreadLatch.attach(handles.latch)
    return () => own.waitSync(options)
  },
  acquireSync: () => {
    const own = ThreadSemaphore.attach(handles.semaphore)
    return () => own.acquireSync(options)
  },
  lockSync: () => {
    const own = ThreadMutex.attach(handles.mutex)
    return () => own.lockSync(options)
  },
  readSync: () => {
    const own = ThreadRwLock.attach(handles.lock)
    return () => own.readSync(options)
  },
  writeSync: () => {
    const own = ThreadRwLock.attach(handles.lock)
    return () => own.writeSync(options)
  },
  runSync: () => {
    const own = ThreadOnce.attach(handles.once)
    return () => own.runSync(() => {}, options)
  },
  campaignSync: () => {
    const own = ThreadElection.attach(handles.election)
    return () => own.campaignSync('this thread', options)
  },
}

const call = calls[name]()
parentPort?.postMessage('begun')
try {
  call()
  parentPort?.postMessage('returned')
} catch (error) {
  const { code, name: kind } = error as Error & { code?: string }
  parentPort?.postMessage(kind === 'AbortError' ? kind : String(code))
}
