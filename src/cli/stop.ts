/** The signals that ask this process to stop. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Fires at the first SIGINT or SIGTERM, with its name as the reason. The second finds no listener
 * any more, and so ends the process at once, as the system does by itself.
 */
export function stopRequested(): AbortSignal {
  const controller = new AbortController()
  const stop = (name: NodeJS.Signals): void => {
    for (const signal of SIGNALS) process.removeListener(signal, stop)
    controller.abort(name)
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  return controller.signal
}
