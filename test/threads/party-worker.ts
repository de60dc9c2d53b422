/** Runs inside a party's thread: attaches, says that it has begun, does its deed and answers. */
import { setImmediate as macrotask } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { unreachable } from '../../src/base/assert.ts'
import type { ThreadChannelHandle } from '../../src/channels/threads/channel-handle.ts'
import { ThreadBarrier } from '../../src/channels/threads/thread-barrier.ts'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import { ThreadElection } from '../../src/channels/threads/thread-election.ts'
import { ThreadLatch } from '../../src/channels/threads/thread-latch.ts'
import { ThreadOnce } from '../../src/channels/threads/thread-once.ts'
import { ThreadRwLock } from '../../src/channels/threads/thread-rw-lock.ts'
import { ThreadMutex, ThreadSemaphore } from '../../src/channels/threads/thread-semaphore.ts'
import { eatMemory } from './eat-memory.ts'
import { type Deed, Party, type PartyOrder, type PartyWord } from './party.ts'

const { deed, way, traces } = workerData as PartyOrder
const words = new Int32Array(traces)
const isSync = way === 'sync'

function say(word: PartyWord): void {
  parentPort?.postMessage(word)
}

function begin(made: ThreadChannelHandle | null = null): void {
  say({ kind: 'begun', made })
}

async function rounds({ barrier, count }: Deed & { kind: 'rounds' }): Promise<number[]> {
  const own = ThreadBarrier.attach(barrier)
  begin()
  const indexes: number[] = []
  for (let round = 0; round < count; round++) {
    // Before: one more has arrived. After: all of this round have, and none of the next but one.
    Atomics.add(words, 0, 1)
    const { generation, index } = isSync ? own.waitSync() : await own.wait()
    const { parties } = await own.state()
    const arrived = Atomics.load(words, 0)
    const isRight = arrived >= (generation + 1) * parties && arrived <= (generation + 2) * parties
    if (!isRight || generation !== round) throw new Error(`${arrived} had arrived in ${generation}`)
    indexes.push(index)
  }
  return indexes
}

/** Not atomic on purpose: without the lock, counts would be lost. */
async function countLocked({ mutex, count }: Deed & { kind: 'count-locked' }): Promise<number> {
  const own = ThreadMutex.attach(mutex)
  begin()
  for (let done = 0; done < count; done++) {
    using _guard = isSync ? own.lockSync() : await own.lock()
    const seen = words[0]!
    if (!isSync) await macrotask()
    words[0] = seen + 1
  }
  return count
}

async function readWrite({ lock, count }: Deed & { kind: 'read-write' }): Promise<number> {
  const own = ThreadRwLock.attach(lock)
  begin()
  for (let done = 0; done < count; done++) {
    if (done % 4 === 0) {
      using _guard = isSync ? own.writeSync() : await own.write()
      if (Atomics.add(words, 1, 1) !== 0 || Atomics.load(words, 2) !== 0)
        throw new Error('not alone')
      words[0]! += 1
      Atomics.sub(words, 1, 1)
    } else {
      using _guard = isSync ? own.readSync() : await own.read()
      Atomics.add(words, 2, 1)
      if (Atomics.load(words, 1) !== 0) throw new Error('somebody writes')
      Atomics.sub(words, 2, 1)
    }
  }
  return count
}

async function runOnce(handle: Deed & { kind: 'once' }): Promise<string> {
  const own = ThreadOnce.attach(handle.once)
  begin()
  const task = (): void => void Atomics.add(words, 0, 1)
  const how = isSync ? own.runSync(task) : await own.run(task)
  if (Atomics.load(words, 0) !== 1) throw new Error('it has not been run')
  return how
}

/** Takes all of it, and keeps it. */
async function hold({ held }: Deed & { kind: 'hold' }): Promise<never> {
  const semaphore = ThreadSemaphore.attach(held.semaphore)
  const lock = ThreadRwLock.attach(held.lock)
  const election = ThreadElection.attach(held.election)
  const once = ThreadOnce.attach(held.once)
  const guards = isSync
    ? [semaphore.acquireSync({ permits: 2 }), lock.writeSync(), election.campaignSync('x')]
    : [await semaphore.acquire({ permits: 2 }), await lock.write(), await election.campaign('x')]
  await once.run(async () => {
    begin()
    await forever()
  })
  throw new Error(`nobody lets go of ${guards.length}`)
}

/** Takes a lock, forgets that it did, and ends well. */
async function holdAndEnd({ mutex }: Deed & { kind: 'hold-and-end' }): Promise<void> {
  ThreadMutex.attach(mutex).lockSync()
  begin()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turn = 0; turn < 5; turn++) {
    await macrotask()
    collect()
  }
  process.exit(0)
}

/** Awaits what never comes, and keeps the thread alive. */
function forever(): Promise<never> {
  return new Promise(() => setInterval(() => undefined, 1_000))
}

async function act(what: Deed): Promise<unknown> {
  switch (what.kind) {
    case 'rounds':
      return rounds(what)
    case 'count-locked':
      return countLocked(what)
    case 'hold':
      return hold(what)
    case 'hold-and-end':
      return holdAndEnd(what)
    case 'read-write':
      return readWrite(what)
    case 'once':
      return runOnce(what)
    case 'latch': {
      const own = ThreadLatch.attach(what.latch)
      begin()
      own.countDown()
      if (isSync) own.waitSync()
      else await own.wait()
      return own.count
    }
    case 'get': {
      const own = ThreadChannel.attach<string>(what.channel, { role: 'receiver' })
      begin()
      return isSync ? own.getSync() : own.get()
    }
    case 'join': {
      const own = ThreadChannel.attach<string>(what.channel)
      begin()
      return isSync ? own.joinSync() : own.join()
    }
    case 'keep':
      return keep(what)
    case 'make-and-get': {
      const own = ThreadChannel.create<string>()
      begin(own.handle)
      return isSync ? own.getSync() : own.get()
    }
    case 'send-nothing':
      ThreadChannel.attach<string>(what.channel, { role: 'sender' })
      begin()
      return forever()
    case 'exit':
    case 'eat-memory':
      return die(what)
    case 'wait-for-child':
      return waitForChild()
    default:
      return unreachable(what)
  }
}

/** Takes a value, does not say that it is done, and ends. */
async function keep({ channel, code }: Deed & { kind: 'keep' }): Promise<never> {
  const own = ThreadChannel.attach<string>(channel, { role: 'receiver' })
  await own.get()
  begin()
  await macrotask()
  process.exit(code)
}

async function die(what: Deed & { kind: 'exit' | 'eat-memory' }): Promise<void> {
  ThreadChannel.attach<string>(what.channel, { role: 'sender' })
  begin()
  if (what.kind === 'exit') process.exit(what.code)
  eatMemory()
}

/** Blocks this thread while its own child is to send something, which it will not. */
async function waitForChild(): Promise<unknown> {
  const own = ThreadChannel.create<string>()
  const child: Deed = { kind: 'eat-memory', channel: own.handle }
  const party = new Party(child, { way, traces })
  await party.begun
  begin()
  return own.getSync()
}

try {
  say({ kind: 'answer', answer: await act(deed) })
} catch (error) {
  const { code = 'NONE', message } = error as Error & { code?: string }
  say({ kind: 'error', code, message })
}
