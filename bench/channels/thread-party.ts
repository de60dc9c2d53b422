/** The other thread of the thread benches: sends, answers or meets for as long as somebody is there for it. */
import { parentPort, workerData } from 'node:worker_threads'
import { ChannelError, Service } from '../../src/channels/mod.ts'
import {
  attachRpc,
  ThreadBarrier,
  type ThreadBarrierHandle,
  ThreadChannel,
  type ThreadChannelHandle,
  type ThreadRpcHandle,
} from '../../src/channels/threads/mod.ts'
import { meetBare } from './bare-barrier.ts'

export type PartyOrder =
  | { readonly role: 'put'; readonly channel: ThreadChannelHandle; readonly what: What }
  | { readonly role: 'post'; readonly what: What; readonly batch: number }
  | { readonly role: 'serve'; readonly rpc: ThreadRpcHandle }
  | { readonly role: 'meet'; readonly barrier: ThreadBarrierHandle }
  | { readonly role: 'meetBare'; readonly words: Int32Array; readonly parties: number }

export interface What {
  readonly kind: 'text' | 'bytes' | 'buffer'
  readonly size: number
}

/** Messages that may be under way to a receiver that answers: as a full ring of them would be. */
export const postedMax = 4_000

function messageOf({ kind, size }: What): string | Uint8Array {
  if (kind === 'text') return 'x'.repeat(size)
  return kind === 'buffer' ? Buffer.alloc(size, 7) : new Uint8Array(size).fill(7)
}

function put(handle: ThreadChannelHandle, what: What): void {
  const channel = ThreadChannel.attach<string | Uint8Array>(handle, { role: 'sender' })
  const message = messageOf(what)
  try {
    for (;;) if (!channel.tryPut(message)) channel.putSync(message)
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
  }
}

function post(what: What, batch: number): void {
  // Each by itself: of one that is there twice, a clone has a copy and a reference.
  const posted =
    batch === 1 ? messageOf(what) : Array.from({ length: batch }, () => messageOf(what))
  const send = (count: number): void => {
    for (let sent = 0; sent < count; sent += batch) parentPort?.postMessage(posted)
  }
  parentPort?.on('message', send)
  send(postedMax)
}

function meet(handle: ThreadBarrierHandle): void {
  const barrier = ThreadBarrier.attach(handle)
  try {
    for (;;) barrier.waitSync()
  } catch {
    // Closed by whoever measures.
  }
}

const order = workerData as PartyOrder
switch (order.role) {
  case 'put':
    put(order.channel, order.what)
    break
  case 'post':
    post(order.what, order.batch)
    break
  case 'serve': {
    const service = new Service()
    service.serve('double', (value: number) => value * 2)
    attachRpc(order.rpc, { service })
    break
  }
  case 'meetBare':
    meetBare(order.words, order.parties)
    break
  default:
    meet(order.barrier)
}
