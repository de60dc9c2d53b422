/**
 * Pools of threads and processes with tasks that do next to nothing, so that the way there and back is what is
 * measured, and with tasks that compute, so that the workers are.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { assert } from '../../src/base/assert.ts'
import { Pool } from '../../src/pool/mod.ts'
import { runForeign, sourceFile } from '../foreign.ts'
import { findPackage, findProduct } from '../rivals.ts'
import type { Section, Stage } from '../stage.ts'
import { ratioTo } from '../target.ts'
import { processProbe } from '../usage.ts'
import { defineWorkload, type VariantOptions, type Workload } from '../workload.ts'
import { compute } from './pool-bench-tasks.ts'

type Tasks = typeof import('./pool-bench-tasks.ts')
type Kind = 'threads' | 'processes'

const tasks = new URL('./pool-bench-tasks.js', import.meta.url)
const workers = 2 // as many as the smallest machine worth measuring on has cores
const batch = 5_000 // tasks between two looks at the clock
const computed = 10_000 // tasks of one map

/** Runs with a pool whose workers are there, and whose processes are watched. */
async function withPool(
  stage: Stage,
  kind: Kind,
  body: (pool: Pool<Tasks>) => Promise<void>,
): Promise<void> {
  const pool = Pool[kind]<Tasks>({
    module: tasks,
    size: workers,
    onEvent: (event) => {
      if (kind === 'processes' && event.kind === 'worker-ready') {
        stage.watch(processProbe(event.systemId), 'part')
      }
    },
  })
  await pool.ready()
  await body(pool)
  await pool.close()
}

function* until(section: Section): Generator<number> {
  for (let value = 0; value % batch !== 0 || !section.over(value); value += 1) yield value
}

/** One after the other through `imap`, each travelling alone, so many under way as the pool likes. */
function imap(kind: Kind): (stage: Stage) => Promise<void> {
  return (stage) =>
    withPool(stage, kind, (pool) =>
      stage.drive(async (section) => {
        let last = 0
        for await (const value of pool.imap('increment', until(section))) last = value
        section.acknowledged = last
      }),
    )
}

/** So many callers, each awaiting one task after the other. */
async function callers(
  stage: Stage,
  section: Section,
  call: (value: number) => Promise<number>,
): Promise<void> {
  const caller = async (): Promise<void> => {
    for (let done = 0; done % 100 !== 0 || !section.over(done); done += 1) {
      const value = await call(done)
      assert(value === done + 1, 'the task was done')
      section.acknowledged += 1
    }
  }
  await Promise.all(Array.from({ length: stage.inFlight }, caller))
}

function run(kind: Kind): (stage: Stage) => Promise<void> {
  return (stage) =>
    withPool(stage, kind, (pool) =>
      stage.drive((section) => callers(stage, section, (value) => pool.run('increment', [value]))),
    )
}

/** Piscina as its own documentation uses it. */
async function barePiscina(stage: Stage): Promise<void> {
  const { Piscina } = await import('piscina')
  const piscina = new Piscina<number, number>({
    filename: fileURLToPath(tasks),
    name: 'increment',
    minThreads: workers,
    maxThreads: workers,
  })
  await stage.drive((section) => callers(stage, section, (value) => piscina.run(value)))
  await piscina.destroy()
}

/** Node's own channel to a forked process, with so many tasks under way at each. */
async function forked(stage: Stage): Promise<void> {
  const script = fileURLToPath(new URL('./pool-bench-child.js', import.meta.url))
  const children = Array.from({ length: workers }, () =>
    fork(script, { serialization: 'advanced' }),
  )
  for (const child of children) {
    assert(child.pid !== undefined, 'it was forked')
    stage.watch(processProbe(child.pid), 'part')
  }
  await stage.drive(async (section) => {
    const perChild = stage.inFlight / workers
    const work = children.map((child) => answersOf(child, section, perChild))
    await Promise.all(work)
  })
  for (const child of children) child.disconnect()
}

function answersOf(child: ChildProcess, section: Section, perChild: number): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0
    let answered = 0
    const send = (): void => void child.send(sent++)
    child.removeAllListeners('message')
    child.on('message', (value) => {
      answered += 1
      section.acknowledged += 1
      assert(value === answered, 'answers come in order')
      if (answered % 100 !== 0 || !section.over(answered)) send()
      else if (answered === sent) resolve()
    })
    for (let count = 0; count < perChild; count += 1) send()
  })
}

/** 10,000 tasks of a fixed amount of arithmetic, again and again. */
function map(kind: Kind): (stage: Stage) => Promise<void> {
  const items = Array.from({ length: computed }, (_, index) => index)
  return (stage) =>
    withPool(stage, kind, (pool) =>
      stage.drive(async (section) => {
        while (!section.over(section.acknowledged)) {
          const results = await pool.map('compute', items)
          section.acknowledged += results.length
        }
      }),
    )
}

async function oneThread(stage: Stage): Promise<void> {
  await stage.drive(async (section) => {
    while (!section.over(section.acknowledged)) {
      let mixed = 0
      for (let index = 0; index < computed; index += 1) mixed ^= compute(index)
      assert(Number.isInteger(mixed), 'read, so that the compiler cannot drop the work')
      section.acknowledged += computed
    }
  })
}

function python(how: 'imap' | 'map'): VariantOptions {
  const program = sourceFile(import.meta.url, 'pool_of_python.py')
  return {
    name: 'python',
    role: 'rival',
    settings:
      how === 'imap' ? 'multiprocessing.Pool.imap, chunksize 1' : 'multiprocessing.Pool.map',
    find: () => findProduct('python'),
    run: (stage) =>
      stage.measure(async (section) => {
        section.claim(await runForeign('python3', [program, how, String(workers)]))
      }),
  }
}

const speedUpMin = 1.8 // of two cores, the pool's own work and the last chunk's lonely end taken off

export const workloads: readonly Workload[] = [
  defineWorkload({
    name: 'imap, one task at a time',
    area: 'pool',
    durability: 'none',
    unit: 'tasks',
    targets: [ratioTo('python').atLeast(1)],
    variants: [
      { name: 'processes', role: 'ours', run: imap('processes') },
      { name: 'threads', role: 'ours', run: imap('threads') },
      python('imap'),
    ],
  }),
  defineWorkload({
    name: 'run, 64 callers, threads',
    area: 'pool',
    durability: 'none',
    unit: 'tasks',
    inFlight: 64,
    targets: [ratioTo('piscina').atLeast(0.9)],
    variants: [
      { name: 'threads', role: 'ours', run: run('threads') },
      {
        name: 'piscina',
        role: 'rival',
        find: () => findPackage('piscina'),
        run: barePiscina,
      },
    ],
  }),
  defineWorkload({
    name: 'run, 2 callers, threads',
    area: 'pool',
    durability: 'none',
    unit: 'tasks',
    inFlight: 2,
    targets: [ratioTo('piscina').atLeast(0.9)],
    variants: [
      { name: 'threads', role: 'ours', run: run('threads') },
      {
        name: 'piscina',
        role: 'rival',
        find: () => findPackage('piscina'),
        run: barePiscina,
      },
    ],
  }),
  defineWorkload({
    name: 'run, 64 callers, processes',
    area: 'pool',
    durability: 'none',
    unit: 'tasks',
    inFlight: 64,
    variants: [
      { name: 'processes', role: 'ours', run: run('processes') },
      {
        name: 'fork',
        role: 'yardstick',
        settings: "child.send, serialization 'advanced'",
        run: forked,
      },
    ],
  }),
  defineWorkload({
    name: 'map, tasks that compute',
    area: 'pool',
    durability: 'none',
    unit: 'tasks',
    targets: [ratioTo('one thread').atLeast(speedUpMin)],
    variants: [
      { name: 'threads', role: 'ours', run: map('threads') },
      { name: 'processes', role: 'ours', run: map('processes') },
      { name: 'one thread', role: 'yardstick', run: oneThread },
    ],
  }),
]
