/** What the spawned threads of the tests do. */
import type { Sendable } from '../../src/channels/contract.ts'
import type { SpawnedSelf } from '../../src/channels/spawn-contract.ts'
import { eatMemory } from './eat-memory.ts'

type Deed =
  | 'double'
  | 'tell'
  | 'count'
  | 'flood'
  | 'throw'
  | 'throw-later'
  | 'exit'
  | 'forever'
  | 'wait'
  | 'eat-memory'

interface ChildArgs {
  readonly deed: Deed
  readonly number: number
}

type Self = SpawnedSelf<ChildArgs, number, Sendable>

export async function main(self: Self): Promise<void> {
  const { args, input, output } = self
  switch (args.deed) {
    case 'double':
      for await (const value of input) await output.put(value * 2)
      return
    case 'tell':
      return output.put({ name: self.name, args })
    case 'count':
      // Not awaited: all of it is to arrive all the same.
      for (let value = 0; value < args.number; value++) void output.put(value)
      return
    case 'flood':
      for (let value = 0; ; value++) await output.put(value)
    case 'wait':
      await input.get()
      return
    default:
      await output.put('before')
      return end(args)
  }
}

function end({ deed, number }: ChildArgs): Promise<void> {
  if (deed === 'throw') throw Object.assign(new RangeError('no more'), { code: 'E_MORE' })
  if (deed === 'exit') process.exit(number)
  if (deed === 'throw-later') setTimeout(() => raise(), 1)
  if (deed === 'eat-memory') eatMemory()
  while (deed === 'forever');
  return new Promise(() => undefined)
}

function raise(): never {
  throw new TypeError('nobody catches this')
}
