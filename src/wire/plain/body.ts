/**
 * Our own form of a body and its properties: a string, bytes, or a value as JSON, and which of the three.
 *
 *   properties = kind:u8      0 bytes, 1 text (UTF-8), 2 JSON (UTF-8)
 */
import { Fault } from '../../base/fault.ts'

export type BodyKind = 'bytes' | 'text' | 'json'

const kinds: readonly BodyKind[] = ['bytes', 'text', 'json']

/** The properties of a body, ready to be written; never changed. */
export const propertiesOfKind: Readonly<Record<BodyKind, Uint8Array>> = {
  bytes: Uint8Array.of(0),
  text: Uint8Array.of(1),
  json: Uint8Array.of(2),
}

export function bodyKindOf(code: number): BodyKind {
  const kind = kinds[code]
  if (kind === undefined) throw new Fault('body-kind', `a body of kind ${code}`)
  return kind
}

export function codeOfKind(kind: BodyKind): number {
  return kinds.indexOf(kind)
}
