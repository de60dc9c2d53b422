/** Waiting for each other in one process: barrier, mutex and select, and calls over a wire. */
import { barrier, channel, mutex, receive, rpc, select, wirePair } from '../../src/channels/mod.ts'
import { runForeign, sourceFile } from '../foreign.ts'
import { findProduct } from '../rivals.ts'
import type { Section, Stage } from '../stage.ts'
import { defineWorkload, type Workload } from '../workload.ts'

const PARTIES = 4
const BATCH = 100 // operations between two looks at the clock
const CALLS_IN_FLIGHT = 64

async function rounds(stage: Stage): Promise<void> {
  await stage.drive(async (section: Section) => {
    const round = barrier({ parties: PARTIES })
    let going = true
    const party = async (): Promise<void> => {
      while (going) {
        const { generation, index } = await round.wait()
        // The leader decides in a round for the next one, so that all stop after the same.
        if (index === 0 && generation % BATCH === 0) going = !section.over(generation)
        section.acknowledged = generation
      }
    }
    await Promise.all(Array.from({ length: PARTIES }, party))
  })
}

async function locks(stage: Stage): Promise<void> {
  await stage.drive(async (section: Section) => {
    const lock = mutex()
    const user = async (): Promise<void> => {
      while (section.acknowledged % BATCH !== 0 || !section.over(section.acknowledged)) {
        using _guard = await lock.lock()
        section.acknowledged += 1
      }
    }
    await Promise.all([user(), user()])
  })
}

async function selects(stage: Stage): Promise<void> {
  await stage.drive(async (section: Section) => {
    const [left, right] = [channel<number>(), channel<number>()]
    const feed = async (to: typeof left): Promise<void> => {
      for (let value = 0; value % BATCH !== 0 || !section.over(value); value++) await to.put(value)
      to.close()
    }
    const feeding = [feed(left), feed(right)]
    const cases = { left: receive(left), right: receive(right) }
    while (!left.ended || !right.ended) {
      const { value } = await select(cases)
      if (value !== undefined) section.acknowledged += 1
    }
    await Promise.all(feeding)
  })
}

async function calls(stage: Stage): Promise<void> {
  const [near, far] = wirePair()
  const [caller, callee] = [rpc(near), rpc(far)]
  callee.serve('double', (value: number) => value * 2)
  await stage.drive(async (section: Section) => {
    const call = async (): Promise<void> => {
      while (section.acknowledged % BATCH !== 0 || !section.over(section.acknowledged)) {
        await caller.call('double', section.acknowledged)
        section.acknowledged += 1
      }
    }
    await Promise.all(Array.from({ length: CALLS_IN_FLIGHT }, call))
  })
  await caller.close()
}

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'barrier of 4 in one process',
    area: 'channels',
    durability: 'none',
    unit: 'rounds',
    variants: [
      { name: 'barrier', role: 'ours', run: rounds },
      {
        name: 'threading.Barrier of Python',
        role: 'rival',
        settings: '4 threads',
        find: () => findProduct('python'),
        run: async (stage) => {
          await stage.measure(async (section) => {
            const program = sourceFile(import.meta.url, 'barrier_of_python.py')
            section.claim(await runForeign('python3', [program, `${PARTIES}`]))
          })
        },
      },
    ],
  }),
  defineWorkload({
    name: 'mutex, two users',
    area: 'channels',
    durability: 'none',
    unit: 'rounds',
    variants: [{ name: 'mutex', role: 'ours', run: locks }],
  }),
  defineWorkload({
    name: 'select of two receives',
    area: 'channels',
    durability: 'none',
    unit: 'msgs',
    variants: [{ name: 'select', role: 'ours', run: selects }],
  }),
  defineWorkload({
    name: 'RPC in one process',
    area: 'channels',
    durability: 'none',
    unit: 'calls',
    inFlight: CALLS_IN_FLIGHT,
    variants: [{ name: 'rpc', role: 'ours', run: calls }],
  }),
]
