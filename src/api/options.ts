/** Options that are refused rather than ignored when nothing like them exists. */
import { BrokerError } from './errors.ts'

export function checkOptions(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new BrokerError('REFUSED', `${what} has no option '${name}'; it has ${known.join(', ')}`)
  }
}

export function checkCount(name: string, count: number): void {
  if (count === Number.POSITIVE_INFINITY || (Number.isSafeInteger(count) && count >= 1)) return
  throw new BrokerError('REFUSED', `${name} is a whole number from 1, or Infinity, not ${count}`)
}
