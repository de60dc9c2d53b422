/** What the other processes of these tests do: one role each, named on the command line. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'

import { BarrierBroken, Service, SyncTimeout, type WaitOptions } from '../../src/channels/mod.ts'
import {
  type Coordination,
  connectChannel,
  coordinate,
  fifoSender,
  joinBarrier,
  type Lent,
  listenChannel,
  listenRpc,
  openCoordinator,
  pipeChannel,
} from '../../src/channels/processes/mod.ts'

type Value = readonly [sender: number, index: number]

const [role = '', path = '', ...numbers] = process.argv.slice(2)
const [id = 0, count = 0] = numbers.map(Number)
const address = { kind: 'unix', path } as const
const patient = { patienceMs: 10_000 }

const roles: Readonly<Record<string, () => Promise<void>>> = {
  /** Puts its numbers as fast as it may, and leaves in good order. */
  async producer() {
    const channel = await connectChannel<Value>(address, patient)
    for (let index = 0; index < count; index++) {
      if (!channel.tryPut([id, index])) await channel.put([id, index])
    }
    await channel[Symbol.asyncDispose]()
  },
  /** Gives back whatever it gets, until there is no more. It lets so many values come unasked. */
  async echo() {
    const channel = await connectChannel<Value>(address, { ...patient, windowMessages: count })
    for await (const value of channel) await channel.put(value)
    await channel[Symbol.asyncDispose]()
  },
  /** Says of each value that it is done, but for the last of so many, with which it stays until it is ended. */
  async laborer() {
    const channel = await connectChannel<Value>(address, patient)
    let got = 0
    for await (const _value of channel) {
      got++
      if (got === count) {
        console.log('works')
        await new Promise(() => {})
      }
      channel.taskDone()
    }
    await channel[Symbol.asyncDispose]()
  },
  /** Asks again and again, and says at the end how often it got something. */
  async taker() {
    const channel = await connectChannel<Value>(address, patient)
    let got = 0
    for await (const _value of channel) got++
    await channel[Symbol.asyncDispose]()
    console.log(got)
  },
  /** Echoes as a listener. */
  async host() {
    const channel = await listenChannel<Value>(address)
    console.log('ready')
    for await (const value of channel) await channel.put(value)
  },
  /** The same over the pipe that its parent gave it. */
  async pipe() {
    const channel = await pipeChannel<Value>(new Socket({ fd: 3 }), { side: 'connecting' })
    for await (const value of channel) await channel.put(value)
    await channel[Symbol.asyncDispose]()
  },
  /** Answers calls until it is ended. */
  async server() {
    const service = new Service()
    service.serve('double', (n: number) => n * 2)
    service.serve('never', () => new Promise(() => {}))
    service.serve('count', async function* (to: number) {
      for (let n = 1; n <= to; n++) yield n
    })
    await listenRpc(address, { service })
    console.log('ready')
  },
  async fifo() {
    const sender = await fifoSender<Value>(path)
    for (let index = 0; index < count; index++) await sender.put([id, index])
    await sender[Symbol.asyncDispose]()
  },
  /** Meets the others so many times, and tells of each round. */
  async party() {
    const barrier = await joinBarrier(address, 'stage', { ...patient, parties: id })
    for (let round = 0; round < count; round++) {
      const { generation, index } = await barrier.wait()
      console.log(`${generation} ${index}`)
    }
    await barrier.leave()
  },
  /** Takes a lock and never gives it back. */
  async holder() {
    const coordination = await coordinate(address, patient)
    await coordination.lock('door')
    console.log('holds')
    await new Promise(() => {})
  },
  /** Keeps a coordinator until it is ended. */
  async coordinator() {
    await openCoordinator(address)
    console.log('ready')
  },
  /** Takes the right to write, or to read, and never gives it back; tells when it has lost it. */
  async writer() {
    await keep(await (await coordinate(address, patient)).rwLock('shelf').write())
  },
  async reader() {
    await keep(await (await coordinate(address, patient)).rwLock('shelf').read())
  },
  /** Takes its turn at what happens once, and never ends it. */
  async runner() {
    const once = await (await coordinate(address, patient)).once('set up')
    await once.run(keep)
  },
  /** Counts once at a latch for so many, and then waits there for as many processes. */
  async counter() {
    const latch = await (await coordinate(address, patient)).latch('start', count)
    await latch.countDown()
    console.log('counted')
    await latch.wait()
    console.log('passed')
  },
  /** Meets the others so many times, and tells of each round, or that there is none any more. */
  async stage() {
    try {
      await roles.party?.()
    } catch (error) {
      if (!(error instanceof BarrierBroken)) throw error
      console.log(`broken ${error.reason}`)
    }
    process.exit(0)
  },
  /** Counts so many times in its line of a file that others count in too. It prints only what must not be. */
  async scribe() {
    await write(await coordinate(address, patient))
    process.exit(0)
  },
}

/** Reads, adds one and writes back under the lock; some waits end early, and some only read. */
async function write(coordination: Coordination): Promise<void> {
  const lock = coordination.rwLock('book')
  for (let written = 0, turn = 0; written < count; turn++) {
    const options = impatience(turn)
    const reads = turn % 4 === 1
    const lent = await (reads ? lock.read(options) : lock.write(options)).catch(ignoreEarly)
    if (lent === null) continue
    // Who died inside left its mark, and the first to come after it is told; nobody else may find one.
    if (lent.afterDeath) rmSync(`${path}.inside`, { force: true })
    if (!reads) {
      writeInside()
      written++
    }
    await lent.release()
  }
}

function writeInside(): void {
  try {
    writeFileSync(`${path}.inside`, '', { flag: 'wx' })
  } catch (error) {
    console.log(`somebody else writes: ${String(error)}`)
  }
  const book = JSON.parse(readFileSync(`${path}.book`, 'utf8')) as number[]
  book[id] = (book[id] ?? 0) + 1
  writeFileSync(`${path}.book.${id}`, JSON.stringify(book))
  renameSync(`${path}.book.${id}`, `${path}.book`)
  rmSync(`${path}.inside`, { force: true })
}

/** Some waits end early, by time or by signal. */
function impatience(turn: number): WaitOptions {
  if (turn % 3 === 0) return { timeoutMs: turn % 5 }
  return turn % 5 === 0 ? { signal: AbortSignal.timeout(turn % 4) } : {}
}

function ignoreEarly(error: unknown): null {
  if (error instanceof SyncTimeout || (error as Error).name === 'TimeoutError') return null
  throw error
}

/** Says that it holds it, and when it does no longer. */
async function keep({ signal }: Lent): Promise<never> {
  signal.addEventListener('abort', () => console.log('lost'))
  console.log('holds')
  return new Promise(() => setInterval(() => undefined, 1_000))
}

await roles[role]?.()
