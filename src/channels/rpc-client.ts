/** A typed client: an object with the methods of an interface, each of which calls the other side. */
import type { RpcPeer } from './rpc.ts'
import type { CallOptions, StreamOptions } from './rpc-calls.ts'

type Streamed = AsyncIterable<unknown>

/** The methods of an interface that answer with a stream. */
type StreamNames<I extends object> = {
  [Name in keyof I & string]: I[Name] extends (...input: never[]) => Streamed ? Name : never
}[keyof I & string]

/** Names every streaming method: types are gone at run time, and the two kinds of call differ on the wire. */
export type StreamShape<I extends object> = { readonly [Name in StreamNames<I>]: 'stream' }

/** A method of the client: the argument of the interface's method, and how to call. */
type Calling<F, Options> = F extends (...input: infer Input) => infer Answer
  ? Input extends [infer Args, ...unknown[]]
    ? (args: Args, options?: Options) => Answer
    : (args?: Input[0], options?: Options) => Answer
  : never

export type Client<I extends object> = {
  readonly [Name in keyof I]: Calling<
    I[Name],
    Name extends StreamNames<I> ? StreamOptions : CallOptions
  >
}

/**
 * The client of an interface whose methods take one argument and answer with a promise or, if `shape` names
 * them, with an async iterable.
 */
export function client<I extends object>(
  peer: RpcPeer,
  ...shape: [StreamNames<I>] extends [never] ? [] : [StreamShape<I>]
): Client<I> {
  const streams = new Set(Object.keys(shape[0] ?? {}))
  const methods = new Map<string, unknown>()
  const makeMethod = (name: string): unknown =>
    streams.has(name)
      ? (args: unknown, options?: StreamOptions) => peer.stream(name, args, options)
      : (args: unknown, options?: CallOptions) => peer.call(name, args, options)
  const handler: ProxyHandler<Client<I>> = {
    get: (_target, name) => {
      // Whoever awaits the client itself asks for `then`: it is no promise.
      if (typeof name === 'symbol' || name === 'then') return undefined
      const method = methods.get(name) ?? makeMethod(name)
      methods.set(name, method)
      return method
    },
  }
  // The proxy makes each method when it is asked for: what is behind it needs none.
  return new Proxy({} as Client<I>, handler)
}
