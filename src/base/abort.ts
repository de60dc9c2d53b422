/**
 * Waiting that someone may end with an AbortSignal. The listener on the signal is removed however
 * the wait ends, so that a signal that lives for hours does not collect them.
 */

/** What a wait is made of: called once, it begins to wait and answers how to give up. */
export type Wait<T> = (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void

/**
 * Starts `wait`; when `signal` fires first, gives it up and rejects with the signal's reason. A
 * signal that has fired already rejects without starting anything.
 */
export function untilAborted<T>(signal: AbortSignal | undefined, wait: Wait<T>): Promise<T> {
  if (signal?.aborted === true) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    if (signal === undefined) wait(resolve, reject)
    else waitWith(signal, wait, { resolve, reject })
  })
}

/**
 * What `start` answers, unless the signal fires first: then its reason, and whatever becomes of what was started,
 * nobody hears of it. Nothing is started for a signal that has fired already.
 */
export function unlessAborted<T>(
  signal: AbortSignal | undefined,
  start: () => Promise<T>,
): Promise<T> {
  if (signal === undefined) return start()
  return untilAborted(signal, (resolve, reject) => {
    start().then(resolve, reject)
    return NOTHING_TO_GIVE_UP
  })
}

const NOTHING_TO_GIVE_UP = (): void => {}

interface Ends<T> {
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

function waitWith<T>(signal: AbortSignal, wait: Wait<T>, ends: Ends<T>): void {
  let phase: 'waiting' | 'settled' | 'aborted' = 'waiting'
  let giveUp: (() => void) | null = null

  const onAbort = (): void => {
    phase = 'aborted'
    giveUp?.()
    ends.reject(signal.reason)
  }
  const settle = (): boolean => {
    if (phase !== 'waiting') return false
    phase = 'settled'
    signal.removeEventListener('abort', onAbort)
    return true
  }
  const onReject = (reason: unknown): void => {
    if (settle()) ends.reject(reason)
  }

  signal.addEventListener('abort', onAbort, { once: true })
  try {
    giveUp = wait((value) => {
      if (settle()) ends.resolve(value)
    }, onReject)
  } catch (error) {
    onReject(error)
    return
  }
  // Fired from inside `wait`, when there was nothing to call yet.
  if (signal.aborted && (phase as string) === 'aborted') giveUp()
}
