/**
 * Moving memory instead of copying it, in both directions. What a task returns wrapped in `transfer`
 * leaves the worker without a copy where worker and pool share a process.
 */
import type { MessagePort } from 'node:worker_threads'

/** What can change its owner. Between processes only memory can, and it is copied on the way. */
export type Transferable = ArrayBuffer | MessagePort

/** Shared by all that transfer nothing. */
export const nothingMoved: readonly Transferable[] = []

/** A symbol of the whole process: a bundled program may hold this module twice. */
const movedKey: unique symbol = Symbol.for('naru.pool.moved') as typeof movedKey

/** A value, and the parts of it that change their owner with it. */
export interface Moved<T> {
  readonly [movedKey]: readonly Transferable[]
  readonly value: T
}

/** For the last line of a task: `return transfer(image, [image.pixels.buffer])`. */
export function transfer<T>(value: T, list: readonly Transferable[]): Moved<T> {
  return { [movedKey]: list, value }
}

/** The list that came with the value, or `null` if the value was not wrapped. */
export function movedList(value: unknown): readonly Transferable[] | null {
  if (typeof value !== 'object' || value === null || !(movedKey in value)) return null
  return (value as Moved<unknown>)[movedKey]
}
