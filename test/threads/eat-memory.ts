/** Takes memory until the thread has none left. */

export function eatMemory(): never {
  const eaten: number[][] = []
  for (;;) eaten.push(piece(eaten.length))
}

/** A call to JavaScript: in a loop of nothing but built-ins Node 24 and 26 do not stop a thread in time. */
function piece(value: number): number[] {
  const values: number[] = []
  for (let count = 0; count < 1_000; count++) values.push(value)
  return values
}
