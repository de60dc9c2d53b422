/**
 * The life of a connection as one drawing and one table. The session moves through it and asks nobody else;
 * what is not in the table is a mistake of the client's.
 *
 *   greeting --header--> starting --start-ok--> tuning --tune-ok--> opening --open--> running
 *
 *   from any of these:  --close, close-ok-->  ending     we have said all; the peer may still send
 *                       --fail------------->  closing    we sent close and wait for close-ok --close-ok--> ending
 *                       --gone------------->  closed
 */

export type Phase =
  | 'greeting'
  | 'starting'
  | 'tuning'
  | 'opening'
  | 'running'
  | 'closing'
  | 'ending'
  | 'closed'

/** The one method that leads on from a phase of the handshake. */
const next = {
  starting: { method: 'connection.start-ok', to: 'tuning' },
  tuning: { method: 'connection.tune-ok', to: 'opening' },
  opening: { method: 'connection.open', to: 'running' },
} as const

/** The phase after a method of the handshake, or `null` where it does not belong. */
export function phaseAfter(phase: Phase, method: string): Phase | null {
  if (phase !== 'starting' && phase !== 'tuning' && phase !== 'opening') return null
  return next[phase].method === method ? next[phase].to : null
}

/** Whether anything but the end of the connection is still of interest. */
export function isAlive(phase: Phase): boolean {
  return phase !== 'closing' && phase !== 'ending' && phase !== 'closed'
}
