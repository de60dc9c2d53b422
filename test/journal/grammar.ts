/**
 * The grammars of docs/journal.md as readers of bytes: where each field stands follows from the page alone, so that
 * what they read of a directory shows that the page says what the code writes. Knows nothing of the code.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'journal.md'), 'utf8')

const blocks = [...page.matchAll(/```text\n(.*?)```/gs)].map(([, block = '']) => block)

export type Fields = Readonly<Record<string, number>>

/** A run of fields of fixed widths. */
class Struct {
  readonly sizeBytes: number
  readonly #fields: readonly { readonly name: string; readonly at: number; readonly size: number }[]

  constructor(definition: string) {
    const fields: { name: string; at: number; size: number }[] = []
    let at = 0
    for (const [, name = '', bits, more] of definition.matchAll(/(\w+):u(\d+)(\*?)/g)) {
      // As many as a count says: what comes behind has no place of its own.
      if (more === '*') break
      const size = Number(bits) / 8
      fields.push({ name, at, size })
      at += size
    }
    assert(at > 0, 'a grammar without fields')
    this.#fields = fields
    this.sizeBytes = at
  }

  /** All but magics, which are text, and pads, which are zeros. */
  read(bytes: Buffer, start: number): Fields {
    const read: Record<string, number> = {}
    for (const { name, at, size } of this.#fields) {
      const from = start + at
      if (name === 'pad' || name === 'zero') {
        const isZero = bytes.subarray(from, from + size).every((byte) => byte === 0)
        assert(isZero, `a ${name} that is not zero`)
      } else if (size === 8) read[name] = Number(bytes.readBigUInt64LE(from))
      else read[name] = bytes.readUIntLE(from, size)
    }
    return read
  }

  /** Where a field begins. */
  placeOf(name: string): number {
    const field = this.#fields.find((each) => each.name === name)
    assert(field !== undefined, `no field ${name}`)
    return field.at
  }
}

/** The definition of `name` in the grammar that begins with `first`. */
export function structOf(first: string, name: string): Struct {
  const block = blocks.find((each) => /^([a-z -]+?) += /m.exec(each)?.[1] === first)
  assert(block !== undefined, `no grammar begins with ${first}`)
  const lines = block.split('\n')
  const from = lines.findIndex((line) => line.startsWith(`${name} `) && line.includes(' = '))
  assert(from >= 0, `no ${name} in the grammar of ${first}`)
  let end = from + 1
  while (/^ {4,}\S/.test(lines[end] ?? '')) end++
  const definition = lines
    .slice(from, end)
    .join('\n')
    .replace(/^[^=]*=/, '')
  // What stands apart is said to people.
  return new Struct(definition.replace(/(\S) {3,}.*$/gm, '$1'))
}
