/** A refusal says why a request cannot be met, in the core's own words. Each protocol maps every kind once. */

export type Refusal =
  | { readonly kind: 'namespace-missing'; readonly namespace: string }
  | { readonly kind: 'name-invalid'; readonly name: string; readonly reason: string }
  | { readonly kind: 'name-taken'; readonly name: string; readonly by: 'queue' | 'stream' }
  | { readonly kind: 'queue-missing'; readonly queue: string }
  | {
      readonly kind: 'queue-differs'
      readonly queue: string
      readonly field: 'durable' | 'autoDelete' | 'durability' | 'messageTtlMs' | 'notes'
      readonly asked: string
      readonly current: string
    }
  | { readonly kind: 'queue-locked'; readonly queue: string }
  | { readonly kind: 'queue-in-use'; readonly queue: string }
  | { readonly kind: 'queue-not-empty'; readonly queue: string }
  | { readonly kind: 'queue-taken'; readonly queue: string }
  | { readonly kind: 'exchange-missing'; readonly exchange: string }
  | { readonly kind: 'exchange-kind-unknown'; readonly exchangeKind: string }
  | {
      readonly kind: 'exchange-differs'
      readonly exchange: string
      readonly field: 'kind' | 'durable' | 'autoDelete' | 'internal'
      readonly asked: string
      readonly current: string
    }
  | { readonly kind: 'exchange-in-use'; readonly exchange: string }
  | { readonly kind: 'exchange-fixed'; readonly exchange: string }
  | { readonly kind: 'exchange-internal'; readonly exchange: string }
  | { readonly kind: 'stream-missing'; readonly stream: string }
  | { readonly kind: 'stream-exists'; readonly stream: string }
  | {
      readonly kind: 'stream-differs'
      readonly stream: string
      readonly field: string
      readonly asked: string
      readonly current: string
    }
  | {
      readonly kind: 'durability-impossible'
      readonly of: 'queue' | 'stream'
      readonly name: string
      readonly asked: string
      readonly reason: string
    }
  | { readonly kind: 'partitions-invalid'; readonly asked: number; readonly max: number }
  | { readonly kind: 'group-missing'; readonly group: string }
  | { readonly kind: 'too-large'; readonly sizeBytes: number; readonly sizeBytesMax: number }
  | { readonly kind: 'too-many'; readonly what: string; readonly max: number }
  | { readonly kind: 'full' }
  | { readonly kind: 'stopping' }

/** Tells a refusal from what was asked for: nothing else that the core answers with has a `kind`. */
export function isRefusal(answer: object): answer is Refusal {
  return 'kind' in answer
}
