/** Assertions that stay on in production: our own state being wrong is worse than stopping (STYLE 4.8). */

/** Thrown when our own state is wrong. Never caught to go on: it ends the process. */
export class Panic extends Error {
  override readonly name = 'Panic'
}

export function assert(condition: boolean, message?: string): asserts condition {
  if (!condition) throw new Panic(message ?? 'assertion failed')
}

/** Turns a forgotten case of a union into a type error. */
export function unreachable(value: never): never {
  throw new Panic(`unreachable: ${String(value)}`)
}
