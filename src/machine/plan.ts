/**
 * Plans: what a request comes to in the state as it is, as changes that the journal will keep, or a refusal.
 * They read and never write.
 */
import { equalBytes } from '../base/bytes.ts'
import type { Change } from './change.ts'
import type { DeclaredDurability, DurabilityMode } from './durability.ts'
import type { Binding, Exchange, ExchangeOptions } from './exchange.ts'
import { isExchangeKind } from './exchange.ts'
import type { Machine } from './machine.ts'
import { NO_TTL } from './message.ts'
import type { Namespace } from './namespace.ts'
import type { Queue } from './queue.ts'
import type { QueueOptions } from './queue-options.ts'
import type { Refusal } from './refusal.ts'
import { Route } from './route.ts'

/** Names share a length byte with the stored messages. */
const nameBytesMax = 255
/** A stream's partitions are counted in 16 bits; nobody needs more in one process. */
const partitionsMax = 10_000 // each one costs memory and a row in every answer about the stream
/** Targets of one message are counted in 16 bits, and the entry names each one in 10 bytes. */
const targetsMax = 8_192 // 80 KiB beside 256 KiB of body and 128 KiB of properties: within an entry of 512

const encoder = new TextEncoder()

export function checkName(name: string): Refusal | null {
  if (name.length === 0) return { kind: 'name-invalid', name, reason: 'it is empty' }
  if (name.length > nameBytesMax || encoder.encode(name).length > nameBytesMax) {
    return { kind: 'name-invalid', name, reason: `it has more than ${nameBytesMax} bytes` }
  }
  return null
}

/** As text; the number that says that there is no time is none to people. */
function shown(value: QueueOptions['durable' | 'durability' | 'messageTtlMs']): string {
  return value === NO_TTL ? 'none' : String(value)
}

/** null: it is there just so. */
export function compareQueue(queue: Queue, asked: QueueOptions): Refusal | null {
  const { name, options } = queue
  for (const field of ['durable', 'autoDelete', 'durability', 'messageTtlMs'] as const) {
    if (asked[field] === options[field]) continue
    const [wanted, current] = [shown(asked[field]), shown(options[field])]
    return { kind: 'queue-differs', queue: name, field, asked: wanted, current }
  }
  if (equalBytes(asked.notes, options.notes)) return null
  return { kind: 'queue-differs', queue: name, field: 'notes', asked: '', current: '' }
}

export function compareExchange(exchange: Exchange, asked: ExchangeOptions): Refusal | null {
  const { name, options } = exchange
  for (const field of ['kind', 'durable', 'autoDelete', 'internal'] as const) {
    if (asked[field] === options[field]) continue
    const [wanted, current] = [String(asked[field]), String(options[field])]
    return { kind: 'exchange-differs', exchange: name, field, asked: wanted, current }
  }
  return null
}

/** Why a queue or a stream cannot have this durability in a broker whose own is `own`, or null. */
export function checkDurability(
  of: 'queue' | 'stream',
  asked: {
    readonly name: string
    readonly durable: boolean
    readonly durability: DeclaredDurability
  },
  own: DurabilityMode,
): Refusal | null {
  const { name, durability } = asked
  if (durability === null) return null
  const reason = durability === 'memory' ? whyNotInMemory(of, own) : whyNotOnDisk(asked, own)
  if (reason === null) return null
  return { kind: 'durability-impossible', of, name, asked: durability, reason }
}

function whyNotInMemory(of: 'queue' | 'stream', own: DurabilityMode): string | null {
  if (of === 'queue' || own === 'memory') return null
  return 'its offsets would be given out again after a restart, and groups would not read what has them then'
}

function whyNotOnDisk(
  { durable }: { readonly durable: boolean },
  own: DurabilityMode,
): string | null {
  if (own === 'memory') return 'this broker has no files'
  return durable ? null : 'it is not durable, and is gone with its messages after a restart'
}

export function checkExchangeKind(kind: string): Refusal | null {
  return isExchangeKind(kind) ? null : { kind: 'exchange-kind-unknown', exchangeKind: kind }
}

/** The place of a binding; whether the journal has to know depends on both its ends. */
export function bindingChange(
  kind: 'bound' | 'unbound',
  namespace: Namespace,
  exchange: Exchange,
  binding: Binding,
): Change {
  const { queue, key, notes } = binding
  const place = { namespace: namespace.name, exchange: exchange.name, queue: queue.id, key, notes }
  return { kind, ...place }
}

export type StreamRequest = {
  readonly name: string
  readonly partitions: number
  readonly identity: Uint8Array
  readonly notes: Uint8Array
  readonly durability: DeclaredDurability
}

export function planStream(
  machine: Machine,
  namespace: Namespace,
  request: StreamRequest,
): Change | Refusal {
  const { name, partitions: count, identity, notes, durability } = request
  const refusal = checkName(name)
  if (refusal !== null) return refusal
  if (namespace.streams.has(name)) return { kind: 'stream-exists', stream: name }
  if (!(Number.isInteger(count) && count >= 1 && count <= partitionsMax)) {
    return { kind: 'partitions-invalid', asked: count, max: partitionsMax }
  }
  const partitions = Array.from({ length: count }, (_, index) => machine.nextId + index)
  const place = { namespace: namespace.name, name, identity }
  return { kind: 'stream-made', ...place, notes, partitions, durability }
}

/** Who gets what is published to `exchange` ('' is the default one) with `key`. */
export function planRoute(namespace: Namespace, exchange: string, key: string): Route | Refusal {
  if (exchange === '') return new Route(namespace, null, key)
  const found = namespace.exchanges.get(exchange)
  if (found === undefined) return { kind: 'exchange-missing', exchange }
  if (found.options.internal) return { kind: 'exchange-internal', exchange }
  const route = new Route(namespace, found, key)
  if (route.durable.length <= targetsMax) return route
  return { kind: 'too-many', what: 'queues bound with one key', max: targetsMax }
}
