/** The answering side of a peer: handlers that run, and the streams that they feed. */
import { type Deferred, deferred } from '../base/deferred.ts'
import type { Timer } from '../base/ports.ts'
import type { Ports } from './contract.ts'
import { RpcError, toFault } from './rpc-errors.ts'
import { rpcLimits } from './rpc-limits.ts'
import type { Outbox } from './rpc-outbox.ts'
import type { CallContext, Service } from './rpc-service.ts'
import { type CallFrame, type CallId, frameKind } from './wire.ts'

/** One call that is being answered. */
class Answering implements CallContext {
  readonly id: CallId
  readonly name: string
  readonly #dueMs: number
  readonly #ports: Ports
  /** Made when somebody looks at the signal: most handlers never do. */
  #controller: AbortController | null = null
  #timer: Timer | null = null
  /** Why nobody wants the answer any more; then none is sent. */
  #stopped: { readonly reason: unknown } | null = null
  /** Items that may be sent. */
  #credit: number
  /** What the stream waits for while it has no credit. */
  #granted: Deferred<void> | null = null

  constructor([, id, name, , deadlineMs, credit]: CallFrame, ports: Ports) {
    this.id = id
    this.name = name
    this.#credit = credit
    this.#ports = ports
    this.#dueMs = ports.clock.monotonicMs() + (deadlineMs ?? Number.POSITIVE_INFINITY)
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#stopped !== null) this.#controller.abort(this.#stopped.reason)
    return this.#controller.signal
  }

  get isStopped(): boolean {
    return this.#stopped !== null
  }

  remainingMs(): number {
    if (this.#dueMs === Number.POSITIVE_INFINITY) return this.#dueMs
    return Math.max(0, this.#dueMs - this.#ports.clock.monotonicMs())
  }

  /** Runs `late` when the deadline passes. */
  watchDeadline(late: () => void): void {
    if (this.#dueMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#ports.scheduler.after(this.remainingMs(), late)
  }

  /** Nobody wants the answer any more. */
  stop(reason: unknown): void {
    this.end()
    this.#stopped ??= { reason }
    this.#controller?.abort(reason)
    this.grant(0)
  }

  /** The deadline means nothing any more. */
  end(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  grant(count: number): void {
    this.#credit = Math.min(this.#credit + count, rpcLimits.creditItemsMax)
    this.#granted?.resolve()
    this.#granted = null
  }

  /** Uses up one credit, waiting for it where there is none. Says whether there was a point in waiting. */
  async spend(): Promise<boolean> {
    while (this.#credit === 0 && this.#stopped === null) {
      this.#granted ??= deferred()
      await this.#granted.promise
    }
    this.#credit -= 1
    return this.#stopped === null
  }
}

export class AnswerBook {
  readonly #service: Service
  readonly #outbox: Outbox
  readonly #ports: Ports
  /** Handlers that run. One that is stopped stays until it ends: it still costs what it costs. */
  readonly #answering: Map<CallId, Answering> = new Map()

  constructor(service: Service, outbox: Outbox, ports: Ports) {
    this.#service = service
    this.#outbox = outbox
    this.#ports = ports
  }

  /** Handlers that run. */
  get size(): number {
    return this.#answering.size
  }

  start(frame: CallFrame): void {
    const [, id, name, args, , credit] = frame
    if (this.#answering.has(id)) throw new RpcError('RPC_BROKEN', `two calls have the number ${id}`)
    const handler = this.#service.handlerOf(name)
    if (handler === undefined) {
      this.#refuse(id, new RpcError('RPC_MISSING', `nobody serves '${name}'`))
      return
    }
    if (this.#answering.size >= rpcLimits.callsInMax) {
      this.#refuse(id, new RpcError('RPC_BUSY', `${this.#answering.size} calls are being answered`))
      return
    }
    const answering = new Answering(frame, this.#ports)
    this.#answering.set(id, answering)
    answering.watchDeadline(() => {
      const late = new RpcError('RPC_DEADLINE', `'${name}' did not answer in time`)
      this.#refuse(id, late)
      answering.stop(late)
    })
    // What a caller sends is what its types say, or its own mistake: the wire carries no types.
    const run = (): unknown => handler(args as never, answering)
    void (credit === 0 ? this.#answer(answering, run) : this.#stream(answering, run))
  }

  /** The caller gave up. */
  cancel(id: CallId): void {
    this.#answering.get(id)?.stop(new RpcError('RPC_CANCELLED', 'the caller gave up'))
  }

  grant(id: CallId, count: number): void {
    this.#answering.get(id)?.grant(count)
  }

  /** The answer itself, or a part of it, could not travel: the caller hears of that instead. */
  unsendable(id: CallId, error: unknown): void {
    this.#outbox.send([frameKind.fault, id, { ...toFault(error), details: null }])
    this.#answering.get(id)?.stop(error)
  }

  /** Nobody is left to answer. */
  stopAll(reason: unknown): void {
    for (const answering of this.#answering.values()) answering.stop(reason)
  }

  async #answer(answering: Answering, run: () => unknown): Promise<void> {
    const { id } = answering
    try {
      const value = await run()
      if (answering.isStopped) return
      if (isIterable(value)) {
        void value[Symbol.asyncIterator]().return?.()
        this.#refuse(id, new RpcError('RPC_MISUSE', `'${answering.name}' streams its answer`))
      } else {
        this.#outbox.send([frameKind.result, id, value])
      }
    } catch (error) {
      this.#fail(answering, error)
    } finally {
      this.#end(answering)
    }
  }

  async #stream(answering: Answering, run: () => unknown): Promise<void> {
    const { id } = answering
    try {
      const items = await run()
      if (!isIterable(items)) {
        const text = `'${answering.name}' answers with a single result`
        if (!answering.isStopped) this.#refuse(id, new RpcError('RPC_MISUSE', text))
        return
      }
      await this.#sendItems(answering, items[Symbol.asyncIterator]())
      if (!answering.isStopped) this.#outbox.send([frameKind.done, id])
    } catch (error) {
      this.#fail(answering, error)
    } finally {
      this.#end(answering)
    }
  }

  /** Asks for an item only when there is credit for it: back-pressure reaches the handler. */
  async #sendItems(answering: Answering, iterator: AsyncIterator<unknown>): Promise<void> {
    while (await answering.spend()) {
      const result = await iterator.next()
      if (result.done === true) return
      if (answering.isStopped) break
      this.#outbox.send([frameKind.item, answering.id, result.value])
    }
    await iterator.return?.()
  }

  #fail(answering: Answering, error: unknown): void {
    if (!answering.isStopped) this.#outbox.send([frameKind.fault, answering.id, toFault(error)])
  }

  #refuse(id: CallId, { code, message }: RpcError): void {
    this.#outbox.send([frameKind.refusal, id, code, message])
  }

  #end(answering: Answering): void {
    answering.end()
    this.#answering.delete(answering.id)
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
