/**
 * A side is one way into a broker. Each carries out the same operations in its own words and answers what it saw as
 * text, so that what was seen can be compared beside what was kept.
 */
import type { Body } from '../../src/api/body.ts'
import type { BodyText, Operation, QueueOperation, StreamOperation } from './program.ts'

export interface QueueSide {
  run(operation: QueueOperation): Promise<string>
  /** Takes so many messages and does not let go of them. */
  hold(queue: string, count: number): Promise<string>
}

export interface StreamSide {
  run(operation: StreamOperation): Promise<string>
}

export type Side = {
  readonly queues: QueueSide
  readonly streams: StreamSide
  /** Says goodbye, unless it holds something: then the broker has to end it. */
  readonly leave: () => Promise<void>
}

export const MISSING = 'missing'
export const NOTHING = 'nothing'

/** What a program hands to the embedded broker. */
export function bodyOf({ kind, text }: BodyText): Body {
  if (kind === 'json') return { text }
  return kind === 'text' ? text : new Uint8Array(Buffer.from(text))
}

/** The same in bytes. */
export function bytesOf({ kind, text }: BodyText): Uint8Array {
  return new Uint8Array(Buffer.from(kind === 'json' ? JSON.stringify({ text }) : text))
}

export function seen(message: { readonly text: string; readonly redelivered: boolean }): string {
  return `${message.redelivered ? 'again ' : ''}${message.text}`
}

export function isOfQueues(operation: Operation): operation is QueueOperation {
  return queueKinds.has(operation.kind)
}

const queueKinds: ReadonlySet<Operation['kind']> = new Set([
  'declare-queue',
  'delete-queue',
  'purge',
  'send',
  'take',
])
