/** Runs inside a party's thread: attaches, says that it has begun, does its deed and answers. */
import { setImmediate as macrotask } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { unreachable } from '../../src/base/assert.ts'
import type { ThreadChannelHandle } from '../../src/channels/threads/channel-handle.ts'
import { ThreadBarrier } from '../../src/channels/threads/thread-barrier.ts'
import { ThreadChannel } from '../../src/channels/threads/thread-channel.ts'
import { ThreadElection } from '../../src/channels/threads/thread-election.ts'
import { ThreadLatch } from '../../src/channels/threads/thread-latch.ts'
import { ThreadOnce } from '../../src/channels/threads/thread-once.ts'
import { ThreadRwLock } from '../../src/channels/threads/thread-rw-lock.ts'
import { ThreadMutex } from '../../src/channels/threads/thread-semaphore.ts'
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

async function lead({ election }: Deed & { kind: 'lead' }): Promise<number> {
  const own = ThreadElection.attach(election)
  begin()
  const { term } = isSync ? own.campaignSync('x') : await own.campaign('x')
  Atomics.store(words, 0, term)
  return forever()
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
    case 'hold': {
      const own = ThreadMutex.attach(what.mutex)
      own.lockSync()
      begin()
      return forever()
    }
    case 'read-write':
      return readWrite(what)
    case 'once':
      return runOnce(what)
    case 'lead':
      return lead(what)
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

async function die(what: Deed & { kind: 'exit' | 'eat-memory' }): Promise<void> {
  ThreadChannel.attach<string>(what.channel, { role: 'sender' })
  begin()
  if (what.kind === 'exit') process.exit(what.code)
  const eaten: unknown[] = []
  for (;;) eaten.push(new Array<number>(10_000).fill(eaten.length))
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
