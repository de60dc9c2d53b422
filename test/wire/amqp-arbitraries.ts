/** Arbitrary AMQP values for laws: tables of every type, and the fields of every method. */
import fc from 'fast-check'
import type { FieldTable, FieldValue } from '../../src/wire/amqp/field-table.ts'
import type { MethodName } from '../../src/wire/amqp/method-codec.ts'
import { methods } from '../../src/wire/amqp/methods.ts'
import type { Properties } from '../../src/wire/amqp/properties.ts'

/** At most 255 bytes, whatever the characters; names that objects treat as theirs come often. */
export const shortStrings: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', '__proto__', 'constructor', 'x-death', '\u0000', 'a'.repeat(255)),
)

/** Like the objects that codecs make, with the prototype that they have. */
export function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>
}

const bytes = fc.uint8Array({ maxLength: 40 })

const scalars: fc.Arbitrary<FieldValue> = fc.oneof(
  record({ type: fc.constant('t' as const), value: fc.boolean() }),
  record({ type: fc.constant('b' as const), value: fc.integer({ min: -128, max: 127 }) }),
  record({ type: fc.constant('B' as const), value: fc.integer({ min: 0, max: 255 }) }),
  record({ type: fc.constant('s' as const), value: fc.integer({ min: -32768, max: 32767 }) }),
  record({ type: fc.constant('u' as const), value: fc.integer({ min: 0, max: 65535 }) }),
  record({ type: fc.constant('I' as const), value: fc.integer() }),
  record({ type: fc.constant('i' as const), value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
  record({
    type: fc.constantFrom('l' as const, 'L' as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  record({
    type: fc.constant('T' as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
  record({ type: fc.constant('f' as const), value: fc.float({ noNaN: true }) }),
  record({ type: fc.constant('d' as const), value: fc.double({ noNaN: true }) }),
  record({
    type: fc.constant('D' as const),
    scale: fc.integer({ min: 0, max: 255 }),
    value: fc.integer(),
  }),
  record({ type: fc.constantFrom('S' as const, 'x' as const), value: bytes }),
  fc.constant<FieldValue>({ type: 'V', value: null }),
)

const nested = fc.letrec<{ value: FieldValue; table: FieldTable }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalars,
    record({
      type: fc.constant('A' as const),
      value: fc.array(tie('value'), { maxLength: 4 }),
    }),
    record({ type: fc.constant('F' as const), value: tie('table') }),
  ),
  table: fc.array(record({ name: shortStrings, value: tie('value') }), { maxLength: 5 }),
}))

export const tables: fc.Arbitrary<FieldTable> = nested.table

const fieldValues = {
  octet: fc.integer({ min: 0, max: 255 }),
  short: fc.integer({ min: 0, max: 65535 }),
  long: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  longlong: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  shortstr: shortStrings,
  longstr: bytes,
  bit: fc.boolean(),
  table: tables,
} as const

/** Any method of the table with any fields; `never` because its type depends on its name. */
export const anyMethod: fc.Arbitrary<{ readonly name: MethodName; readonly fields: never }> = fc
  .constantFrom(...(Object.keys(methods) as MethodName[]))
  .chain((name) => {
    const fields: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(
      Object.entries(methods[name].fields).map(
        ([field, type]: [string, keyof typeof fieldValues]) => [
          field,
          fieldValues[type] as fc.Arbitrary<unknown>,
        ],
      ),
    )
    return record<Record<string, unknown>>(fields).map((values) => ({
      name,
      fields: values as never,
    }))
  })

const octet = fc.integer({ min: 0, max: 255 })
const text = fc.option(shortStrings)

export const anyProperties: fc.Arbitrary<Properties> = record({
  contentType: text,
  contentEncoding: text,
  headers: fc.option(tables),
  deliveryMode: fc.option(octet),
  priority: fc.option(octet),
  correlationId: text,
  replyTo: text,
  expiration: text,
  messageId: text,
  timestamp: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  type: text,
  userId: text,
  appId: text,
  clusterId: text,
})

/** Bytes spoilt at some places: lengths and counts that lie, types that are none. */
export function spoilt(whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = record({
    at: fc.nat({ max: 300 }),
    value: fc.oneof(
      fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff),
      fc.integer({ min: 0, max: 255 }),
    ),
  })
  return fc
    .tuple(whole, fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat({ max: 12 }))
    .map(([bytes, changes, cut]) => {
      const copy = bytes.slice(0, Math.max(0, bytes.length - cut))
      for (const { at, value } of changes) if (copy.length > 0) copy[at % copy.length] = value
      return copy
    })
}
