/** What an address must be before anybody connects or listens there. */
import type { Address } from '../../base/ports.ts'
import { ChannelMisuse } from '../contract.ts'

/** Throws where it is none; a path alone says nothing of its kind. */
export function checkAddress(address: Address): void {
  const { kind } = address
  if (kind === 'unix' && typeof address.path === 'string') return
  if (kind === 'tcp' && typeof address.host === 'string' && isPort(address.port)) return
  throw new ChannelMisuse(
    `an address is { kind: 'unix', path } or { kind: 'tcp', host, port }, not ${JSON.stringify(address)}`,
  )
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port < 65_536
}
