/** Assertions that stay on in production: our own state being wrong is worse than stopping (STYLE 4.8). */

/** Thrown when our own state is wrong. Never caught to go on: it ends the process. */
export class Panic extends Error {
  override readonly name = 'Panic'
}

/** `what` is put behind the message: a message that is put together here and now costs more than most checks. */
export function assert(
  condition: boolean,
  message: string = 'assertion failed',
  what?: string | number,
): asserts condition {
  if (!condition) throw new Panic(what === undefined ? message : `${message}: ${what}`)
}

/** Turns a forgotten case of a union into a type error. */
export function unreachable(value: never): never {
  throw new Panic(`unreachable: ${String(value)}`)
}
