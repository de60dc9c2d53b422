/** How a coordinator waits on a member's behalf: for as long as it was told, or until one of two signals fires. */

/** Without a number there is no limit. */
export function timeOf(timeoutMs: number | null): { timeoutMs?: number } {
  return timeoutMs === null ? {} : { timeoutMs }
}

/**
 * Waits with a signal that fires when either of the two does, and leaves no listener behind: the second may live as
 * long as the coordinator.
 */
export async function withEither<R>(
  [first, second]: readonly [AbortSignal, AbortSignal],
  wait: (either: AbortSignal) => Promise<R>,
): Promise<R> {
  const either = new AbortController()
  const onFirst = (): void => either.abort(first.reason)
  const onSecond = (): void => either.abort(second.reason)
  if (first.aborted) onFirst()
  if (second.aborted) onSecond()
  first.addEventListener('abort', onFirst)
  second.addEventListener('abort', onSecond)
  try {
    return await wait(either.signal)
  } finally {
    first.removeEventListener('abort', onFirst)
    second.removeEventListener('abort', onSecond)
  }
}
