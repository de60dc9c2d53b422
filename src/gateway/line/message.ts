/**
 * A message as a line socket hands it on, and what its bytes are made of: text, or bytes where text was not
 * asked for. Nothing here knows of sockets or queues, or of who sent it.
 */
import { Fault } from '../../base/fault.ts'

export type LineMessage = string | Uint8Array

/**
 * What a body may be. `text`: UTF-8, and a message that is not is refused, because replacing what does not
 * decode would change a message silently. `text-or-bytes`: such a message is passed on as bytes. `bytes`: always.
 */
export type Bodies = 'text' | 'text-or-bytes' | 'bytes'

// A byte order mark is part of what was sent, so it stays.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The body that these bytes are. Shares no memory with them. */
export function bodyOf(bytes: Uint8Array, bodies: Bodies): LineMessage {
  // Not `slice`: of a Buffer that is a view.
  if (bodies === 'bytes') return new Uint8Array(bytes)
  try {
    return decoder.decode(bytes)
  } catch {
    if (bodies === 'text-or-bytes') return new Uint8Array(bytes)
    throw new Fault('not-text', 'not UTF-8')
  }
}
