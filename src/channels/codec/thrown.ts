/**
 * What was thrown in another thread or process, taken apart there and put together again here: cloning alone
 * would lose the code, the class's name and every property of an error. Pure.
 */

/** A thrown value as it travels. Anything may be thrown; what is no error travels as it is. */
export type Thrown = ThrownError | { readonly kind: 'value'; readonly value: unknown }

export interface ThrownError {
  readonly kind: 'error'
  /** The built-in class that it is or extends: what it becomes again. */
  readonly base: string
  readonly name: string
  readonly message: string
  readonly stack: string
  /** Own properties that can be copied, `code` among them. */
  readonly properties: readonly (readonly [name: string, value: unknown])[]
  readonly cause: Thrown | null
  /** What an AggregateError holds. */
  readonly errors: readonly Thrown[]
}

/** Deeper causes are left out: they may be endless. */
const causesMax = 8
/** Errors of one aggregate that travel. */
const aggregatedMax = 64

const bases = new Map<string, new (message?: string) => Error>([
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
  ['ReferenceError', ReferenceError],
  ['EvalError', EvalError],
  ['URIError', URIError],
])
const ownNames = new Set(['name', 'message', 'stack', 'cause', 'errors'])

export function takeApart(thrown: unknown, depth = 0): Thrown {
  if (!(thrown instanceof Error)) {
    return isSendable(thrown)
      ? { kind: 'value', value: thrown }
      : takeApart(new TypeError(`something was thrown that cannot be copied: ${typeof thrown}`))
  }
  const cause: unknown = thrown.cause
  return {
    kind: 'error',
    base: baseOf(thrown),
    name: String(thrown.name),
    message: String(thrown.message),
    stack: String(thrown.stack),
    properties: propertiesOf(thrown),
    cause: cause === undefined || depth >= causesMax ? null : takeApart(cause, depth + 1),
    errors:
      thrown instanceof AggregateError && depth < causesMax
        ? thrown.errors.slice(0, aggregatedMax).map((error) => takeApart(error, depth + 1))
        : [],
  }
}

function baseOf(error: Error): string {
  if (error instanceof AggregateError) return 'AggregateError'
  for (const [name, base] of bases) {
    if (error instanceof base) return name
  }
  return 'Error'
}

function propertiesOf(error: Error): [string, unknown][] {
  const properties: [string, unknown][] = []
  for (const [name, value] of Object.entries(error)) {
    if (!ownNames.has(name) && isSendable(value)) properties.push([name, value])
  }
  // A DOMException has its code in its class.
  const { code } = error as { code?: unknown }
  if (code !== undefined && !Object.hasOwn(error, 'code') && isSendable(code)) {
    properties.push(['code', code])
  }
  return properties
}

/** Whether a copy of the value can go to another thread or process. */
export function isSendable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) {
    return typeof value !== 'function' && typeof value !== 'symbol'
  }
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

/** The error again: of the same built-in class, with name, message, code and the worker's stack. */
export function putTogether(thrown: Thrown): unknown {
  if (thrown.kind === 'value') return thrown.value
  const error = construct(thrown)
  hide(error, 'stack', thrown.stack)
  if (error.name !== thrown.name) hide(error, 'name', thrown.name)
  for (const [name, value] of thrown.properties) {
    Object.defineProperty(error, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  if (thrown.cause !== null) hide(error, 'cause', putTogether(thrown.cause))
  return error
}

function construct(thrown: ThrownError): Error {
  const { message } = thrown
  if (thrown.base === 'AggregateError') {
    return new AggregateError(thrown.errors.map(putTogether), message)
  }
  const Base = bases.get(thrown.base) ?? Error
  return new Base(message)
}

/** As the language's own constructors do it: there, but not listed. */
function hide(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, {
    value,
    enumerable: false,
    writable: true,
    configurable: true,
  })
}
