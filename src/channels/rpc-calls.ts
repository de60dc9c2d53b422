/** The calling side of a peer: calls under way, and what their answers do. */
import { type Deferred, deferred } from '../base/deferred.ts'
import { Channel } from './channel.ts'
import type { Ports } from './contract.ts'
import { type RemoteErrors, RpcError, toRemoteError, toRpcError } from './rpc-errors.ts'
import { rpcLimits } from './rpc-limits.ts'
import type { Outbox } from './rpc-outbox.ts'
import { Waiter } from './waiter.ts'
import { type CallId, type Frame, frameKind } from './wire.ts'

export interface CallOptions {
  /** Cancels the call; it rejects with the signal's reason, and the handler's own signal fires. */
  readonly signal?: AbortSignal
  /** The time that the answer may take, all in all; the handler knows it. For ever unless told. */
  readonly deadlineMs?: number
}

export interface StreamOptions extends CallOptions {
  /** How many items may be on their way or waiting here; 32 unless told. */
  readonly credit?: number
}

/** A call under way. Its end is one of: an answer, the signal, the deadline, the end of the connection. */
abstract class Call extends Waiter {
  readonly id: CallId
  readonly #cancelled: (call: Call) => void

  constructor(id: CallId, cancelled: (call: Call) => void) {
    super()
    this.id = id
    this.#cancelled = cancelled
  }

  /** Ends it with an error from wherever. */
  abstract fail(error: unknown): void

  override timedOut(deadlineMs: number): RpcError {
    return new RpcError('RPC_DEADLINE', `no answer within ${deadlineMs} ms`)
  }

  /** The caller gave up. */
  override lose(error: unknown): void {
    this.#cancelled(this)
    this.fail(error)
  }
}

/** Waits for one result. */
class ResultCall extends Call {
  readonly answer: Deferred<unknown> = deferred()

  override fail(error: unknown): void {
    this.leave()
    this.answer.reject(error)
  }

  succeed(value: unknown): void {
    this.leave()
    this.answer.resolve(value)
  }
}

/** Boxed, because a streamed item may be anything, `undefined` as well. */
interface Item {
  readonly value: unknown
}

interface StreamPlan {
  readonly name: string
  readonly credit: number
  readonly cancelled: (call: Call) => void
  readonly ports: Ports
}

/** Receives a streamed answer. */
class StreamCall extends Call {
  readonly items: Channel<Item>

  constructor(id: CallId, plan: StreamPlan) {
    super(id, plan.cancelled)
    this.items = new Channel<Item>({ capacity: plan.credit, name: plan.name }, plan.ports)
  }

  override fail(error: unknown): void {
    this.leave()
    this.items.fail(error instanceof Error ? error : new Error('aborted', { cause: error }))
  }

  /** The callee has no more. */
  finish(): void {
    this.leave()
    this.items.close()
  }
}

/** The loop over a streamed answer. It grants more credit as it consumes. */
class StreamLoop implements AsyncIterator<unknown, undefined> {
  readonly #call: StreamCall
  readonly #iterator: AsyncIterator<Item, undefined>
  readonly #grant: (id: CallId, count: number) => void
  /** Items consumed since the last grant. */
  #consumed = 0

  constructor(call: StreamCall, grant: (id: CallId, count: number) => void) {
    this.#call = call
    this.#iterator = call.items[Symbol.asyncIterator]()
    this.#grant = grant
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    const result = await this.#iterator.next()
    if (result.done === true) return result
    this.#consumed += 1
    // Half of the credit at a time: one frame for many items, and the callee need not stand still.
    const { id, items } = this.#call
    if (this.#consumed * 2 >= items.capacity && !items.closed) {
      this.#grant(id, this.#consumed)
      this.#consumed = 0
    }
    return { value: result.value.value, done: false }
  }

  /** The loop was left: the callee may stop. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    const { items } = this.#call
    if (!items.closed) this.#call.lose(new RpcError('RPC_CANCELLED', 'the loop was left'))
    items.close('now')
    return Promise.resolve({ value: undefined, done: true })
  }
}

/** All calls of one peer that wait for an answer. */
export class CallBook {
  readonly #outbox: Outbox
  readonly #errors: RemoteErrors
  readonly #ports: Ports
  readonly #calls: Map<CallId, Call> = new Map()
  readonly #cancelled = (call: Call): void => this.#cancel(call)
  /** Why no call can succeed any more; `null` while the connection lasts. */
  #over: { readonly reason: unknown } | null = null
  /** 2^53 of them outlast the wire. */
  #nextId: CallId = 0

  constructor(outbox: Outbox, errors: RemoteErrors, ports: Ports) {
    this.#outbox = outbox
    this.#errors = errors
    this.#ports = ports
  }

  /** Calls under way. */
  get size(): number {
    return this.#calls.size
  }

  call(name: string, args: unknown, options: CallOptions): Promise<unknown> {
    const refusal = this.#refusal(name, options)
    if (refusal !== null) return Promise.reject(refusal.reason)
    const call = new ResultCall(this.#nextId++, this.#cancelled)
    this.#start(call, options, (deadlineMs) => {
      return [frameKind.call, call.id, name, args, deadlineMs, 0]
    })
    return call.answer.promise
  }

  /** Every iteration of the answer is a call of its own. */
  stream(name: string, args: unknown, options: StreamOptions): AsyncIterable<unknown> {
    const credit = options.credit ?? rpcLimits.creditItems
    if (!Number.isSafeInteger(credit) || credit < 1 || credit > rpcLimits.creditItemsMax) {
      const most = rpcLimits.creditItemsMax
      throw new RpcError('RPC_MISUSE', `credit is a whole number from 1 to ${most}, not ${credit}`)
    }
    const iterate = (): AsyncIterator<unknown> => this.#stream(name, args, { ...options, credit })
    return { [Symbol.asyncIterator]: iterate }
  }

  /** The call itself could not travel. */
  unsendable(id: CallId, error: unknown): void {
    const call = this.#calls.get(id)
    if (call !== undefined) this.#end(call, () => call.fail(error))
  }

  /** The connection is over, for all calls and for later ones. */
  failAll(reason: unknown): void {
    this.#over = { reason }
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) call.fail(reason)
  }

  /** An answer came. One to a call that nobody waits for any more is ignored: it crossed the cancel. */
  answered(frame: Frame): void {
    const call = this.#calls.get(frame[1])
    if (call === undefined) return
    switch (frame[0]) {
      case frameKind.item:
        this.#item(call, frame[2])
        return
      case frameKind.fault:
        this.#end(call, () => call.fail(toRemoteError(frame[2], this.#errors)))
        return
      case frameKind.refusal:
        this.#end(call, () => call.fail(toRpcError(frame[2], frame[3])))
        return
      case frameKind.result:
        if (!(call instanceof ResultCall)) break
        this.#end(call, () => call.succeed(frame[2]))
        return
      case frameKind.done:
        if (!(call instanceof StreamCall)) break
        this.#end(call, () => call.finish())
        return
      default:
        break
    }
    this.#cancel(call)
    call.fail(new RpcError('RPC_BROKEN', 'the answer is not of the kind that was asked for'))
  }

  #stream(
    name: string,
    args: unknown,
    options: StreamOptions & { readonly credit: number },
  ): AsyncIterator<unknown> {
    const { credit } = options
    const plan = { name, credit, cancelled: this.#cancelled, ports: this.#ports }
    const call = new StreamCall(this.#nextId++, plan)
    const refusal = this.#refusal(name, options)
    if (refusal === null) {
      this.#start(call, options, (deadlineMs) => {
        return [frameKind.call, call.id, name, args, deadlineMs, credit]
      })
    } else {
      call.fail(refusal.reason)
    }
    return new StreamLoop(call, (id, count) => this.#outbox.send([frameKind.credit, id, count]))
  }

  /** Why the call cannot even start. */
  #refusal(name: string, options: CallOptions): { readonly reason: unknown } | null {
    const { signal, deadlineMs } = options
    if (this.#over !== null) return this.#over
    // The other side would take it for nonsense, and end the connection for all calls.
    const isSound = typeof name === 'string' && ['number', 'undefined'].includes(typeof deadlineMs)
    if (!isSound) {
      const text = `a call has a name and a deadline in milliseconds, not ${name} and ${deadlineMs}`
      return { reason: new RpcError('RPC_MISUSE', text) }
    }
    if (signal?.aborted === true) return { reason: signal.reason }
    if (deadlineMs !== undefined && !(deadlineMs > 0)) {
      return { reason: new RpcError('RPC_DEADLINE', 'the deadline has passed already') }
    }
    if (this.#calls.size < rpcLimits.callsOutMax) return null
    const text = `${this.#calls.size} calls are under way`
    return { reason: new RpcError('RPC_BUSY', text) }
  }

  #start(call: Call, options: CallOptions, frame: (deadlineMs: number | null) => Frame): void {
    const { signal, deadlineMs = Number.POSITIVE_INFINITY } = options
    this.#calls.set(call.id, call)
    this.#outbox.send(frame(deadlineMs === Number.POSITIVE_INFINITY ? null : deadlineMs))
    const signalled = signal === undefined ? {} : { signal }
    call.arm({ ...signalled, timeoutMs: deadlineMs }, this.#ports.scheduler)
  }

  #item(call: Call, value: unknown): void {
    if (call instanceof StreamCall && call.items.tryPut({ value })) return
    this.#cancel(call)
    call.fail(new RpcError('RPC_BROKEN', 'an item came that was not asked for'))
  }

  #end(call: Call, end: () => void): void {
    this.#calls.delete(call.id)
    end()
  }

  #cancel(call: Call): void {
    if (this.#calls.delete(call.id)) this.#outbox.send([frameKind.cancel, call.id])
  }
}
