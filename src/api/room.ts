/** Waiting for room, for calls of the embedded API that were HELD; a signal ends it, and nothing stays behind. */
import { untilAborted } from '../base/abort.ts'
import type { Runtime } from '../broker/runtime.ts'
import { closed } from './errors.ts'

/** Resolves when it is worth another try. Throws when there will be none. */
export async function roomIn(runtime: Runtime, signal: AbortSignal | undefined): Promise<void> {
  await untilAborted<void>(signal, (resolve) => {
    // What is given is a function of this wait alone: giving up takes nobody else out.
    const worthATry = (): void => resolve()
    runtime.whenRoom(worthATry)
    return () => runtime.forgetRoom(worthATry)
  })
  // It resolved, and then the signal fired in the same turn.
  signal?.throwIfAborted()
  if (runtime.failure !== null) throw closed()
}
