/** What the world's messages say: who sent them and the how manieth it is, and how long they are. */
import assert from 'node:assert/strict'
import type { Random } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'

export type Stamp = { readonly producer: string; readonly counter: number }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const PADDING_MAX = 500 // up to six fragments of the smallest that the worlds allow

export function bodyOf(stamp: Stamp, random: Random): Uint8Array {
  return encoder.encode(textOf(stamp, random))
}

/** One that fits any entry. */
export function shortBodyOf({ producer, counter }: Stamp): Uint8Array {
  return encoder.encode(`${producer} ${counter}`)
}

export function textOf({ producer, counter }: Stamp, random: Random): string {
  const padding = below(random, 6) === 0 ? below(random, PADDING_MAX) : below(random, 20)
  return `${producer} ${counter} ${padding} ${'.'.repeat(padding)}`
}

export function stampOf(bytes: Uint8Array): Stamp {
  const [producer = '', counter, size = '0', padding = ''] = decoder.decode(bytes).split(' ')
  assert.equal(padding, '.'.repeat(Number(size)), `a body of ${producer} ${counter} is not as sent`)
  return { producer, counter: Number(counter) }
}

/** Records of a batch, a line each. */
export function batchOf(stamps: readonly Stamp[]): Uint8Array {
  const lines = stamps.map(({ producer, counter }) => `${producer} ${counter}`)
  return encoder.encode(lines.join('\n'))
}

export function stampsOf(bytes: Uint8Array): readonly Stamp[] {
  const lines = decoder.decode(bytes).split('\n')
  return lines.map((line) => {
    const [producer = '', counter] = line.split(' ')
    return { producer, counter: Number(counter) }
  })
}
