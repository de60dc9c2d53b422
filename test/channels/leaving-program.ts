/** Programs that open things, use them and close them, and then have nothing left that keeps them running. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  after,
  barrier,
  batch,
  channel,
  client,
  election,
  receive,
  rpc,
  select,
  semaphore,
  throttle,
  wirePair,
} from '../../src/channels/mod.ts'
import {
  type Address,
  connectChannel,
  connectRpc,
  coordinate,
  fifoReceiver,
  fifoSender,
  listenChannel,
  listenRpc,
  makeFifo,
  openCoordinator,
  spawnProcess,
} from '../../src/channels/processes/mod.ts'
import {
  attachRpc,
  createRpc,
  spawnThread,
  ThreadBarrier,
  ThreadChannel,
  ThreadElection,
} from '../../src/channels/threads/mod.ts'
import * as overBroker from '../../src/client/mod.ts'
import { Broker } from '../../src/mod.ts'

/** Longer than any test: whatever waits so long and is not ended keeps the program. */
const longMs = 600_000

interface Clerk {
  double(n: number): Promise<number>
}

const clerk = { double: (n: number): number => n * 2 }

async function inProcess(): Promise<void> {
  const values = channel<number>({ delayMs: (value) => value })
  const waiting = values.get({ timeoutMs: longMs })
  await values.put(1)
  await waiting
  await values.put(longMs) // nobody waits for it
  await select({ value: receive(values), late: after(1) })
  const source = channel<number>()
  const slow = throttle(batch(source, { count: 2, withinMs: longMs }), { count: 1, perMs: longMs })
  for (const value of [1, 2, 3]) await source.put(value)
  await slow.get()
  slow.close()
  const meeting = barrier({ parties: 2 })
  await Promise.all([meeting.wait({ timeoutMs: longMs }), meeting.wait({ timeoutMs: longMs })])
  const permit = await semaphore(1).acquire({ timeoutMs: longMs })
  permit.release()
  const leadership = await election().campaign('me', { timeoutMs: longMs })
  leadership.resign()
  const [near, far] = wirePair()
  await using server = rpc(far)
  server.serveAll<Clerk>(clerk)
  await using caller = rpc(near)
  await client<Clerk>(caller).double(2, { deadlineMs: longMs })
}

async function betweenThreads(): Promise<void> {
  const child = spawnThread<{ deed: 'double'; number: number }, number, number>(
    new URL('../threads/spawn-child.js', import.meta.url),
    { deed: 'double', number: 0 },
  )
  await child.input.put(2)
  await child.output.get({ timeoutMs: longMs })
  await child.close()
  const values = ThreadChannel.create<number>()
  const other = ThreadChannel.attach<number>(values.handle)
  const waiting = other.get({ timeoutMs: longMs })
  await values.put(1)
  await waiting
  const meeting = ThreadBarrier.create({ parties: 2 })
  const second = ThreadBarrier.attach(meeting.handle)
  await Promise.all([meeting.wait({ timeoutMs: longMs }), second.wait({ timeoutMs: longMs })])
  const office = ThreadElection.create()
  await office.campaign('me', { timeoutMs: longMs })
  const { peer, handle } = createRpc()
  const far = attachRpc(handle)
  far.serveAll<Clerk>(clerk)
  await client<Clerk>(peer).double(2, { deadlineMs: longMs })
  await peer.close() // which ends the other one
  // The others are not closed: where nobody waits they keep no program.
}

async function betweenProcesses(dir: string): Promise<void> {
  const address: Address = { kind: 'unix', path: join(dir, 'values') }
  const hub = await listenChannel<number>(address)
  const near = await connectChannel<number>(address, { patienceMs: longMs, timeoutMs: longMs })
  await near.put(1)
  await hub.get({ timeoutMs: longMs })
  await near[Symbol.asyncDispose]()
  await hub[Symbol.asyncDispose]()
  const calls: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 }
  const listener = await listenRpc(calls)
  const { peer } = await connectRpc(listener.address, { timeoutMs: longMs })
  await peer.call('nobody', null, { deadlineMs: longMs }).catch(() => undefined)
  await peer.close()
  await listener.close()
  const place: Address = { kind: 'unix', path: join(dir, 'coordinator') }
  const coordinator = await openCoordinator(place)
  const member = await coordinate(place, { timeoutMs: longMs })
  const lent = await member.lock('door', { timeoutMs: longMs })
  await lent.release()
  await member.close()
  await coordinator.close()
  const child = spawnProcess<{ deed: 'double' }, number, number>(
    new URL('../processes/spawn-child.js', import.meta.url),
    { deed: 'double' },
  )
  await child.input.put(2)
  await child.output.get({ timeoutMs: longMs })
  await child.close()
}

async function overFifo(dir: string): Promise<void> {
  const path = join(dir, 'fifo')
  await makeFifo(path)
  const reader = await fifoReceiver<number>(path)
  const writer = await fifoSender<number>(path, { timeoutMs: longMs })
  await writer.put(1)
  await reader.get({ timeoutMs: longMs })
  await writer[Symbol.asyncDispose]()
  await reader[Symbol.asyncDispose]()
}

async function overQueues(dir: string): Promise<void> {
  await using broker = await Broker.open({ dir: join(dir, 'broker') })
  await using values = overBroker.queueChannel<number>(await broker.queue('values', {}))
  const waiting = values.get({ timeoutMs: longMs })
  await values.put(1)
  await waiting
  values.taskDone()
  await values.join({ timeoutMs: longMs })
  await using listener = await overBroker.listenRpc(broker, 'calls')
  await using peer = await overBroker.connectRpc(broker, 'calls', { timeoutMs: longMs })
  await peer.call('nobody', null, { deadlineMs: longMs }).catch(() => undefined)
  listener.callers.map((caller) => caller.closed)
}

const programs: Readonly<Record<string, (dir: string) => Promise<void>>> = {
  'in-process': inProcess,
  'between-threads': betweenThreads,
  'between-processes': betweenProcesses,
  'over-a-fifo': overFifo,
  'over-queues': overQueues,
}

const dir = await mkdtemp(join(tmpdir(), 'naru-leaving-'))
try {
  await programs[process.argv[2] ?? '']?.(dir)
  console.log('all is closed')
} finally {
  await rm(dir, { recursive: true })
}
