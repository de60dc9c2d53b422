/**
 * A Change is a decision about what there is: something was made, bound or deleted. Entries of kind
 * `changed` carry one each; snapshots carry the ones that would build the same state again.
 *
 *   change = type:u8 fields        text = size:u16 bytes, UTF-8        bytes = size:u32 bytes
 *   1 namespace made     name:text
 *   2 queue made         namespace:text id:u32 name:text flags:u8 notes:bytes      1 autoDelete
 *   3 queue deleted      id:u32
 *   4 exchange made      namespace:text name:text kind:text flags:u8               1 autoDelete 2 internal
 *   5 exchange deleted   namespace:text name:text
 *   6 bound              namespace:text exchange:text queue:u32 key:text notes:bytes
 *   7 unbound            the same
 *   8 stream made        namespace:text name:text identity:16 notes:bytes count:u16 id:u32*count
 *   9 stream deleted     namespace:text name:text
 *  10 group made         namespace:text id:u32 name:text
 *  11 group deleted      namespace:text name:text
 *  12 broker made        identity:16                              once, before everything else
 *  13 queue made         as 2, then settings
 *  14 stream made        as 8, then settings
 *
 * What says more than its reader understands is refused. Settings are described where they are written, in settings.ts.
 * 2 and 8 are what was written before there were any; nobody writes them any more.
 */
import { unreachable } from '../base/assert.ts'
import { Fault } from '../base/fault.ts'
import { Reader } from '../base/reader.ts'
import { Writer } from '../base/writer.ts'
import type { DeclaredDurability } from './durability.ts'
import { NO_SETTINGS, readSettings, type Settings, writeSettings } from './settings.ts'

/** A binding by names and numbers. */
export type BindingPlace = {
  readonly namespace: string
  readonly exchange: string
  readonly queue: number
  readonly key: string
  readonly notes: Uint8Array
}

export type Change =
  | { readonly kind: 'namespace-made'; readonly name: string }
  | {
      readonly kind: 'queue-made'
      readonly namespace: string
      readonly id: number
      readonly name: string
      readonly autoDelete: boolean
      readonly notes: Uint8Array
      readonly durability: DeclaredDurability
      readonly messageTtlMs: number
    }
  | { readonly kind: 'queue-deleted'; readonly id: number }
  | {
      readonly kind: 'exchange-made'
      readonly namespace: string
      readonly name: string
      readonly exchangeKind: string
      readonly autoDelete: boolean
      readonly internal: boolean
    }
  | { readonly kind: 'exchange-deleted'; readonly namespace: string; readonly name: string }
  | ({ readonly kind: 'bound' } & BindingPlace)
  | ({ readonly kind: 'unbound' } & BindingPlace)
  | {
      readonly kind: 'stream-made'
      readonly namespace: string
      readonly name: string
      readonly identity: Uint8Array
      readonly notes: Uint8Array
      readonly partitions: readonly number[]
      readonly durability: DeclaredDurability
    }
  | { readonly kind: 'stream-deleted'; readonly namespace: string; readonly name: string }
  | {
      readonly kind: 'group-made'
      readonly namespace: string
      readonly id: number
      readonly name: string
    }
  | { readonly kind: 'group-deleted'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'broker-made'; readonly identity: Uint8Array }

const kinds: readonly Change['kind'][] = [
  'namespace-made',
  'queue-made',
  'queue-deleted',
  'exchange-made',
  'exchange-deleted',
  'bound',
  'unbound',
  'stream-made',
  'stream-deleted',
  'group-made',
  'group-deleted',
  'broker-made',
]

/** Those that carry settings, and the types of their first form, without any. */
const QUEUE_MADE = 13
const STREAM_MADE = 14

const IDENTITY_SIZE = 16
const FLAG_AUTO_DELETE = 1
const FLAG_INTERNAL = 2

export function encodeChange(change: Change): Uint8Array {
  const writer = new Writer()
  writeChange(writer, change)
  return writer.take()
}

/** The same at the end of what is written already. */
export function writeChange(writer: Writer, change: Change): void {
  writer.u8(typeOf(change.kind))
  encodeFields(writer, change)
}

function typeOf(kind: Change['kind']): number {
  if (kind === 'queue-made') return QUEUE_MADE
  return kind === 'stream-made' ? STREAM_MADE : kinds.indexOf(kind) + 1
}

function encodeFields(writer: Writer, change: Change): void {
  switch (change.kind) {
    case 'namespace-made':
      text(writer, change.name)
      return
    case 'queue-made':
      text(writer, change.namespace)
      writer.u32(change.id)
      text(writer, change.name)
      writer.u8(change.autoDelete ? FLAG_AUTO_DELETE : 0)
      sized(writer, change.notes)
      writeSettings(writer, change)
      return
    case 'broker-made':
      writer.bytes(change.identity)
      return
    case 'queue-deleted':
      writer.u32(change.id)
      return
    case 'exchange-made':
      text(writer, change.namespace)
      text(writer, change.name)
      text(writer, change.exchangeKind)
      writer.u8((change.autoDelete ? FLAG_AUTO_DELETE : 0) | (change.internal ? FLAG_INTERNAL : 0))
      return
    case 'bound':
    case 'unbound':
      text(writer, change.namespace)
      text(writer, change.exchange)
      writer.u32(change.queue)
      text(writer, change.key)
      sized(writer, change.notes)
      return
    case 'stream-made':
      text(writer, change.namespace)
      text(writer, change.name)
      writer.bytes(change.identity)
      sized(writer, change.notes)
      writer.u16(change.partitions.length)
      for (const id of change.partitions) writer.u32(id)
      writeSettings(writer, { ...NO_SETTINGS, durability: change.durability })
      return
    case 'group-made':
      text(writer, change.namespace)
      writer.u32(change.id)
      text(writer, change.name)
      return
    case 'exchange-deleted':
    case 'stream-deleted':
    case 'group-deleted':
      text(writer, change.namespace)
      text(writer, change.name)
      return
    default:
      unreachable(change)
  }
}

export function decodeChange(bytes: Uint8Array, at: number, size: number): Change {
  const reader = new Reader(bytes, at, at + size)
  const type = reader.u8()
  const kind = kindOf(type)
  if (kind === undefined) throw new Fault('change-unknown', `a change of type ${type}`)
  const form = type === QUEUE_MADE || type === STREAM_MADE ? 'with-settings' : 'bare'
  const change = decodeFields(kind, reader, form)
  reader.end()
  return change
}

function kindOf(type: number): Change['kind'] | undefined {
  if (type === QUEUE_MADE) return 'queue-made'
  return type === STREAM_MADE ? 'stream-made' : kinds[type - 1]
}

function decodeFields(
  kind: Change['kind'],
  reader: Reader,
  form: 'with-settings' | 'bare',
): Change {
  switch (kind) {
    case 'namespace-made':
      return { kind, name: textOf(reader) }
    case 'queue-made': {
      const [namespace, id, name, flags] = [
        textOf(reader),
        reader.u32(),
        textOf(reader),
        reader.u8(),
      ]
      const autoDelete = (flags & FLAG_AUTO_DELETE) !== 0
      const notes = sizedOf(reader)
      return { kind, namespace, id, name, autoDelete, notes, ...settingsIn(reader, 'queue', form) }
    }
    case 'queue-deleted':
      return { kind, id: reader.u32() }
    case 'broker-made':
      return { kind, identity: reader.bytes(IDENTITY_SIZE).slice() }
    case 'exchange-made': {
      const [namespace, name, exchangeKind] = [textOf(reader), textOf(reader), textOf(reader)]
      const flags = reader.u8()
      const autoDelete = (flags & FLAG_AUTO_DELETE) !== 0
      const internal = (flags & FLAG_INTERNAL) !== 0
      return { kind, namespace, name, exchangeKind, autoDelete, internal }
    }
    case 'bound':
    case 'unbound': {
      const [namespace, exchange, queue] = [textOf(reader), textOf(reader), reader.u32()]
      return { kind, namespace, exchange, queue, key: textOf(reader), notes: sizedOf(reader) }
    }
    case 'stream-made': {
      const [namespace, name] = [textOf(reader), textOf(reader)]
      const identity = reader.bytes(IDENTITY_SIZE).slice()
      const notes = sizedOf(reader)
      const partitions = Array.from({ length: reader.u16() }, () => reader.u32())
      const { durability } = settingsIn(reader, 'stream', form)
      return { kind, namespace, name, identity, notes, partitions, durability }
    }
    case 'group-made':
      return { kind, namespace: textOf(reader), id: reader.u32(), name: textOf(reader) }
    case 'exchange-deleted':
    case 'stream-deleted':
    case 'group-deleted':
      return { kind, namespace: textOf(reader), name: textOf(reader) }
    default:
      return unreachable(kind)
  }
}

function settingsIn(
  reader: Reader,
  of: 'queue' | 'stream',
  form: 'with-settings' | 'bare',
): Settings {
  return form === 'bare' ? NO_SETTINGS : readSettings(reader, of)
}

function text(writer: Writer, value: string): void {
  const at = writer.reserve(2)
  writer.patchU16(at, writer.utf8(value))
}

function textOf(reader: Reader): string {
  return reader.utf8(reader.u16())
}

function sized(writer: Writer, bytes: Uint8Array): void {
  writer.u32(bytes.length)
  writer.bytes(bytes)
}

function sizedOf(reader: Reader): Uint8Array {
  return reader.bytes(reader.u32()).slice()
}
