/** Options that are refused rather than ignored when nothing like them exists; the one that every wait has. */
import {
  type DeclaredDurability,
  type DurabilityMode,
  durabilityModes,
  isDurabilityMode,
} from '../machine/durability.ts'
import { BrokerError } from './errors.ts'

/**
 * Every call that waits takes these. An abort ends the wait at once, and the call rejects with the signal's reason;
 * what was done by then stays done.
 */
export type WaitOptions = {
  readonly signal?: AbortSignal
}

/** One object: who says nothing has nothing to be checked. */
export const AS_USUAL: WaitOptions = {}

export function checkOptions(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new BrokerError('REFUSED', `${what} has no option '${name}'; it has ${known.join(', ')}`)
  }
}

/** null where nothing is said. */
export function durabilityOption(durability: DurabilityMode | undefined): DeclaredDurability {
  if (durability === undefined) return null
  if (isDurabilityMode(durability)) return durability
  const modes = durabilityModes.map((mode) => `'${mode}'`).join(', ')
  throw new BrokerError('REFUSED', `durability is one of ${modes}, not '${String(durability)}'`)
}

/** The signal among options that have nothing else. */
export function signalOf(what: string, options: WaitOptions): AbortSignal | undefined {
  if (options === AS_USUAL) return undefined
  checkOptions(what, options, SIGNAL_ALONE)
  checkSignal(options.signal)
  return options.signal
}

const SIGNAL_ALONE = ['signal']

/** Whatever is no signal would never fire, and nobody would notice before he needs it. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal) return
  throw new BrokerError('REFUSED', `signal is an AbortSignal, not ${describe(signal)}`)
}

function describe(value: object | null): string {
  return value === null ? 'null' : (value.constructor?.name ?? typeof value)
}

export function checkTime(name: string, timeMs: number | undefined, timeMsMax: number): void {
  if (timeMs === undefined) return
  if (Number.isSafeInteger(timeMs) && timeMs >= 0 && timeMs <= timeMsMax) return
  throw new BrokerError(
    'REFUSED',
    `${name} is a whole number from 0 to ${timeMsMax}, not ${String(timeMs)}`,
  )
}

export function checkCount(name: string, count: number): void {
  if (count === Number.POSITIVE_INFINITY || (Number.isSafeInteger(count) && count >= 1)) return
  throw new BrokerError('REFUSED', `${name} is a whole number from 1, or Infinity, not ${count}`)
}
