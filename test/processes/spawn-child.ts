/** What the tests of spawned processes run in them. */
import type { Sendable } from '../../src/channels/contract.ts'
import type { SpawnedSelf, SpawnMain } from '../../src/channels/spawn-contract.ts'

type Deed =
  | 'double'
  | 'count'
  | 'tell'
  | 'throw'
  | 'throw-later'
  | 'exit'
  | 'kill'
  | 'forever'
  | 'wait'
  | 'flood'

export interface ChildArgs {
  readonly deed: Deed
  readonly number?: number
}

type Self = SpawnedSelf<ChildArgs, number, Sendable>

const deeds: Record<Deed, (self: Self) => Promise<void> | void> = {
  double: async ({ input, output }) => {
    for await (const number of input) await output.put(number * 2)
  },
  count: async ({ args, output }) => {
    for (let n = 0; n < (args.number ?? 0); n += 1) await output.put(n)
  },
  tell: async ({ name, args, output }) => {
    await output.put({ name, args, pid: process.pid })
  },
  throw: async ({ output }) => {
    await output.put('before')
    throw Object.assign(new RangeError('no more'), { code: 'E_MORE' })
  },
  'throw-later': async ({ input }) => {
    setTimeout(() => {
      throw new TypeError('outside')
    }, 10)
    await input.get()
  },
  exit: async ({ args, output }) => {
    await output.put('before')
    // An exit waits for nothing, so this does.
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.exit(args.number)
  },
  kill: () => {
    process.kill(process.pid, 'SIGKILL')
  },
  forever: async ({ output }) => {
    await output.put('before')
    // What was put is on its way; then nothing else gets a turn.
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (;;);
  },
  wait: async ({ input }) => {
    await input.get()
  },
  flood: async ({ output }) => {
    for (let n = 0; ; n += 1) await output.put(n)
  },
}

export const main: SpawnMain<ChildArgs, number, Sendable> = (self) => deeds[self.args.deed](self)
