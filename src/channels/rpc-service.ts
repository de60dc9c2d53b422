/** What a program offers to be called: handlers by name. One service may answer on any number of wires. */
import { RpcError } from './rpc-errors.ts'

/** What a handler may know about the call that it answers. */
export interface CallContext {
  readonly name: string
  /** Fires when nobody waits for the answer any more: the caller gave up, the deadline passed, the wire ended. */
  readonly signal: AbortSignal
  /** Milliseconds left of the caller's deadline, to pass on in calls of one's own; Infinity without one. */
  remainingMs(): number
}

/** Answers a call: with one value, or with an async iterable whose items are streamed. */
export type Handler<A, R> = (args: A, context: CallContext) => R | Promise<R> | AsyncIterable<R>

/** Handlers for every method of an interface. */
export type Handlers<I extends object> = {
  readonly [Name in keyof I]: I[Name] extends (...input: infer Input) => infer Answer
    ? (args: Input[0], context: CallContext) => Answer | Settled<Answer>
    : never
}

/** A handler may answer at once where the caller gets a promise. */
type Settled<Answer> = Answer extends Promise<infer Value> ? Value : never

export class Service {
  readonly #handlers: Map<string, Handler<never, unknown>> = new Map()

  /** Offers one handler; the answer takes it back. A name is served once. */
  serve<A, R>(name: string, handler: Handler<A, R>): () => void {
    this.#check(name, handler)
    this.#handlers.set(name, handler)
    return () => {
      if (this.#handlers.get(name) === handler) this.#handlers.delete(name)
    }
  }

  /**
   * Offers the methods of an interface, all of them or none; the answer takes them back. They are the object's own: a
   * class may have more than are for others to call, so its methods are offered one by one.
   */
  serveAll<I extends object>(handlers: Handlers<I>): () => void {
    const methods = Object.entries<Handler<never, unknown>>(handlers)
    if (methods.length === 0) {
      throw new RpcError('RPC_MISUSE', 'no method of its own to serve: name those of a class')
    }
    for (const [name, method] of methods) this.#check(name, method)
    const withdrawals = methods.map(([name, method]) => this.serve(name, method.bind(handlers)))
    return () => {
      for (const withdraw of withdrawals) withdraw()
    }
  }

  handlerOf(name: string): Handler<never, unknown> | undefined {
    return this.#handlers.get(name)
  }

  #check(name: string, handler: unknown): void {
    if (typeof handler !== 'function') {
      const what = typeof handler
      throw new RpcError('RPC_MISUSE', `'${name}' is served by a function, not by ${what}`)
    }
    if (this.#handlers.has(name)) throw new RpcError('RPC_MISUSE', `'${name}' is served already`)
  }
}
