/** Calls under stress: every one is answered rightly, or ends with an error that fits, and none hangs. */
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { client, RpcError, type RpcPeer } from '../../src/channels/mod.ts'
import { connectRpc } from '../../src/channels/processes/mod.ts'
import { createRpc } from '../../src/channels/threads/mod.ts'
import { Crew } from '../processes/crew.ts'
import type { Bout } from './bout.ts'

/** What both servers offer; `never` answers only when it is cancelled, and perhaps not even then. */
interface Calls {
  double(n: number): Promise<number>
  never(): Promise<unknown>
  count(to: number): AsyncIterable<number>
}

export async function threadRpc(bout: Bout): Promise<number> {
  const caller = createRpc({ ringBytes: bout.pick([1024, 4096, 65_536]), name: 'server' })
  const url = new URL('../threads/rpc-worker.js', import.meta.url)
  const worker = new Worker(url, { workerData: caller.handle })
  worker.on('error', () => undefined)
  caller.isFor(worker.threadId)
  try {
    return await callAll(bout, caller.peer, { kill: () => worker.terminate(), never: 'wait' })
  } finally {
    await caller.peer.close()
    await worker.terminate()
  }
}

export async function processRpc(bout: Bout): Promise<number> {
  await using crew = await Crew.gather()
  const address = { kind: 'unix', path: crew.path('s') } as const
  const server = crew.hire('server', address.path)
  await bout.wait('the server', server.line())
  const { peer } = await connectRpc(address)
  try {
    return await callAll(bout, peer, { kill: () => server.child.kill('SIGKILL'), never: 'never' })
  } finally {
    await bout.wait('the end of the connection', peer.close())
  }
}

interface Server {
  readonly kill: () => unknown
  /** What it calls its call without an answer. */
  readonly never: string
}

async function callAll(bout: Bout, peer: RpcPeer, server: Server): Promise<number> {
  const count = bout.between(50, 3_000)
  const killAt = bout.chance(2) ? bout.between(0, count) : -1
  const isFatal = killAt >= 0
  const calls: Promise<void>[] = []
  for (let number = 0; number < count; number++) {
    if (number === killAt) void server.kill()
    const one = bout.wait(`call ${number}`, callOne(bout, peer, { number, never: server.never }))
    calls.push(one.catch((error: unknown) => checkEnd(error, isFatal)))
    if (number % 64 === 0) await bout.moment(3)
  }
  await Promise.all(calls)
  return count
}

function checkEnd(error: unknown, isFatal: boolean): void {
  if (!(error instanceof RpcError)) throw error
  // More under way than one side takes is told, and is no loss.
  if (error.code === 'RPC_BUSY') return
  assert.ok(isFatal && error.code === 'RPC_CLOSED', `${error.code}: ${error.message}`)
}

async function callOne(
  bout: Bout,
  peer: RpcPeer,
  { number, never }: { readonly number: number; readonly never: string },
): Promise<void> {
  const calls = client<Calls>(peer, { count: 'stream' })
  switch (bout.between(0, 9)) {
    case 0:
      return await givenUp(peer.call(never, null, { deadlineMs: bout.between(1, 20) }))
    case 1: {
      const stop = new AbortController()
      const call = givenUp(peer.call(never, null, { signal: stop.signal }))
      call.catch(() => undefined) // it may end before anybody asks
      await bout.moment(10)
      stop.abort(new Error('enough'))
      return await call
    }
    case 2: {
      const to = bout.between(0, 200)
      const upTo = bout.between(0, 250)
      let seen = 0
      for await (const n of calls.count(to)) {
        seen++
        assert.equal(n, seen)
        if (seen === upTo) break
      }
      return assert.equal(seen, upTo > 0 ? Math.min(to, upTo) : to)
    }
    default:
      return assert.equal(await calls.double(number), number * 2)
  }
}

/** It ends by whatever the caller gave up with. */
async function givenUp(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => assert.fail('it was answered'),
    (reason: Error & { code?: string }) => reason,
  )
  if (error.message !== 'enough' && error.code !== 'RPC_DEADLINE') throw error
}
