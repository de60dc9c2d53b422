/** What the system says about a socket, in the words of the Net port. */
import type { NetErrorCode } from '../base/ports.ts'
import { NetError } from '../base/ports.ts'

const codes: Readonly<Record<string, NetErrorCode>> = {
  EADDRINUSE: 'in-use',
  EACCES: 'denied',
  EPERM: 'denied',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  ETIMEDOUT: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
}

/** `where` is the address or the peer, for people. */
export function netErrorOf(error: unknown, where: string): NetError {
  if (error instanceof NetError) return error
  const { code, message, syscall } = error as NodeJS.ErrnoException
  // A socket file that is not there: nobody listens, as on a port that is closed.
  if (code === 'ENOENT' && syscall === 'connect') return new NetError('refused', message)
  return new NetError(codes[code ?? ''] ?? 'other', `${where}: ${message}`)
}
