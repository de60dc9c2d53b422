/**
 * Who is it: the mechanisms PLAIN and AMQPLAIN, and the one user that there is until the broker has its own,
 * guest with the password guest, from this machine only. It decides; the session answers.
 */
import { Fault } from '../../base/fault.ts'
import { Reader } from '../../base/reader.ts'
import { type FieldValue, fieldOf, readTableToEnd, textOf } from '../../wire/amqp/field-table.ts'

/** What we offer, as connection.start lists it. */
export const mechanisms = 'PLAIN AMQPLAIN'

interface Credentials {
  readonly user: string
  readonly password: string
}

/** Who it is, or why nobody. `unknown-mechanism` is a mistake of the client's and not a refused login. */
export type Login =
  | { readonly kind: 'accepted'; readonly user: string }
  | { readonly kind: 'refused'; readonly user: string; readonly reason: string }
  | { readonly kind: 'unknown-mechanism' }

/** Judges the answer to connection.start. `peer` is where it comes from, as the connection names it. */
export function judgeLogin(mechanism: string, response: Uint8Array, peer: string): Login {
  const credentials = credentialsOf(mechanism, response)
  if (credentials === null) return { kind: 'unknown-mechanism' }
  const { user, password } = credentials
  if (!(sameText(user, 'guest') && sameText(password, 'guest'))) {
    return { kind: 'refused', user, reason: 'user and password do not fit' }
  }
  if (!isLoopback(peer)) {
    return { kind: 'refused', user, reason: "user 'guest' can only connect via localhost" }
  }
  return { kind: 'accepted', user }
}

function credentialsOf(mechanism: string, response: Uint8Array): Credentials | null {
  switch (mechanism) {
    case 'PLAIN':
      return plainCredentials(response)
    case 'AMQPLAIN':
      return tableCredentials(response)
    default:
      return null
  }
}

/** `authzid NUL user NUL password`. */
function plainCredentials(response: Uint8Array): Credentials {
  const parts = new Reader(response).utf8(response.length).split('\0')
  const [, user, password] = parts
  if (parts.length !== 3 || user === undefined || password === undefined) {
    throw new Fault('frame-error', 'a PLAIN response is three texts')
  }
  return { user, password }
}

/** A table without its size. */
function tableCredentials(response: Uint8Array): Credentials {
  const table = readTableToEnd(new Reader(response))
  const text = (value: FieldValue | null): string => {
    const found = textOf(value)
    if (found === null)
      throw new Fault('frame-error', 'an AMQPLAIN response names LOGIN and PASSWORD')
    return found
  }
  return { user: text(fieldOf(table, 'LOGIN')), password: text(fieldOf(table, 'PASSWORD')) }
}

/** In a time that does not tell how much of it was right. */
function sameText(given: string, right: string): boolean {
  let difference = given.length ^ right.length
  for (let index = 0; index < right.length; index++) {
    difference |= right.charCodeAt(index) ^ (given.charCodeAt(index) || 0)
  }
  return difference === 0
}

/** Whether the peer is on this machine; the path of a socket file is. */
function isLoopback(peer: string): boolean {
  return /^(127\.|\[::1\]|\[::ffff:127\.|localhost:|\/|[^:]*$)/.test(peer)
}
