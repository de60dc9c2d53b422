/**
 * The arguments of declarations: which are understood, which are known and not built yet, and how those of a
 * queue are kept, so that a second declaration can be compared with the first. What nobody knows is ignored, as
 * RabbitMQ does.
 */
import { Reader } from '../../base/reader.ts'
import { Writer } from '../../base/writer.ts'
import {
  type DeclaredDurability,
  durabilityModes,
  isDurabilityMode,
} from '../../machine/durability.ts'
import type { Queue } from '../../machine/queue.ts'
import {
  type FieldTable,
  type FieldValue,
  fieldOf,
  longString,
  readTable,
  textOf,
  writeTable,
} from '../../wire/amqp/field-table.ts'
import type { Fields } from '../../wire/amqp/method-codec.ts'
import { inequivalent, invalidArgument, queueText, type Reply, replyOf } from './replies.ts'

/** Arguments of a queue that change what it does, and that this broker cannot do yet. */
const unbuiltOfQueue: ReadonlySet<string> = new Set([
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-overflow',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-dead-letter-strategy',
  'x-single-active-consumer',
  'x-max-priority',
  'x-delivery-limit',
  'x-max-age',
  'x-consumer-timeout',
  'x-delayed-retry-type',
  'x-delayed-retry-min',
  'x-delayed-retry-max',
])

const unbuiltOfConsumer: ReadonlySet<string> = new Set(['x-priority', 'x-stream-offset'])
const unbuiltOfExchange: ReadonlySet<string> = new Set(['alternate-exchange', 'x-delayed-type'])

/** What the arguments must not say yet, or `null`. */
export function checkArguments(
  of: 'queue' | 'consumer' | 'exchange',
  table: FieldTable,
): Reply | null {
  const unbuilt = {
    queue: unbuiltOfQueue,
    consumer: unbuiltOfConsumer,
    exchange: unbuiltOfExchange,
  }
  const found = table.find(({ name }) => unbuilt[of].has(name))
  if (found === undefined) return null
  return replyOf('not-implemented', `argument '${found.name}' of a ${of}`)
}

const TYPE = 'x-queue-type'
const CLASSIC = 'classic'

/** One queue in two manners: a quorum queue keeps every message. A second declaration must repeat which. */
const queueTypes: ReadonlySet<string> = new Set([CLASSIC, 'quorum'])

/** What is kept of a queue's arguments: nothing where they say nothing that counts. */
export function queueNotes(
  { arguments: table, durable, exclusive, autoDelete }: Fields<'queue.declare'>,
  queue: { readonly name: string; readonly vhost: string },
): Uint8Array | Reply {
  const what = queueText(queue.name, queue.vhost)
  const refused = checkArguments('queue', table)
  if (refused !== null) return refused
  const given = fieldOf(table, TYPE)
  const type = given === null ? CLASSIC : textOf(given)
  if (type === null || !queueTypes.has(type)) {
    if (type === 'stream') return replyOf('not-implemented', `argument '${TYPE}' of a stream`)
    return invalidArgument(TYPE, what, `"unsupported queue type ${describe(given)}"`)
  }
  if (type === CLASSIC) return NO_NOTES
  const unfit = unfitForQuorum({ durable, exclusive, autoDelete })
  if (unfit !== null) {
    return replyOf('precondition-failed', `invalid property '${unfit}' for ${what}`)
  }
  const writer = new Writer()
  writeTable(writer, [{ name: TYPE, value: longString(type) }])
  return writer.take()
}

/** What a quorum queue cannot be, in the words of RabbitMQ. */
function unfitForQuorum(
  fields: Pick<Fields<'queue.declare'>, 'durable' | 'exclusive' | 'autoDelete'>,
): string | null {
  if (fields.exclusive) return 'exclusive-owner'
  if (!fields.durable) return 'non-durable'
  return fields.autoDelete ? 'auto-delete' : null
}

const NO_NOTES = new Uint8Array(0)

/**
 * How safe a message is when it is confirmed: 'fsync', 'os' or 'memory'. RabbitMQ has no such argument; there it is the
 * type of the queue that says so.
 */
const DURABILITY = 'x-durability'

/** What the arguments say of it; null where they say nothing. */
export function queueDurability(
  { arguments: table }: Pick<Fields<'queue.declare'>, 'arguments'>,
  queue: { readonly name: string; readonly vhost: string },
): DeclaredDurability | Reply {
  const given = fieldOf(table, DURABILITY)
  if (given === null) return null
  const mode = textOf(given)
  const what = queueText(queue.name, queue.vhost)
  if (!isDurabilityMode(mode)) {
    return invalidArgument(DURABILITY, what, `${describe(given)} is none of ${modesText}`)
  }
  const isQuorum = textOf(fieldOf(table, TYPE)) === 'quorum'
  if (mode !== 'memory' || !isQuorum) return mode
  return invalidArgument(
    DURABILITY,
    what,
    "'memory' is not possible: a quorum queue keeps its messages",
  )
}

const modesText = durabilityModes.map((mode) => `'${mode}'`).join(', ')

/** A second declaration asks for another one. */
export function differingDurability(
  asked: DeclaredDurability,
  current: DeclaredDurability,
  queue: { readonly name: string; readonly vhost: string },
): Reply {
  const values = { received: argumentText(asked), current: argumentText(current) }
  return inequivalent(queueText(queue.name, queue.vhost), DURABILITY, values)
}

function argumentText(text: string | null): string {
  return text === null ? 'none' : `the value '${text}' of type 'longstr'`
}

/** Whether the queue keeps every message, whatever its delivery mode: only quorum queues have notes. */
export function keepsAll({ options }: Queue): boolean {
  return options.notes.length > 0
}

/** Which argument of a second declaration differs from the first. */
export function differingArgument(
  asked: Uint8Array,
  current: Uint8Array,
  queue: { readonly name: string; readonly vhost: string },
): Reply {
  const [left, right] = [tableOf(asked), tableOf(current)]
  const values = { received: described(left), current: described(right) }
  return inequivalent(queueText(queue.name, queue.vhost), TYPE, values)
}

function tableOf(notes: Uint8Array): FieldTable {
  return notes.length === 0 ? [] : readTable(new Reader(notes))
}

function described(table: FieldTable): string {
  return argumentText(textOf(fieldOf(table, TYPE)))
}

function describe(value: FieldValue | null): string {
  return `'${textOf(value) ?? String(value?.value)}'`
}
