/** A whole world from one seed: the same twice, kind to what is right, and merciless to what is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Panic } from '../../src/base/assert.ts'
import { below } from '../../src/base/random.ts'
import { writeText } from './disk-dump.ts'
import { assertHonest, History, type Verdict } from './history.ts'
import { drawConditions } from './sim-net.ts'
import { Simulation } from './simulation.ts'
import { SyncWitness } from './sync-witness.ts'
import { type BrokerFlaw, readBroker, runBroker, runClient } from './toy-broker.ts'

const CLIENTS = 2
const MESSAGES = 12

interface Outcome {
  readonly verdict: Verdict
  readonly hash: number
  readonly nowMs: number
  readonly deaths: number
}

/** Two clients insist while the broker is killed and loses power; then all is read. */
async function story(seed: number, flaw: BrokerFlaw): Promise<Outcome> {
  const stall = { oneIn: 200, msMax: 50 }
  const simulation = new Simulation({ seed, conditions: drawConditions, stall })
  const { random, scheduler, clock } = simulation
  const history = new History()
  let deaths = 0
  await simulation.run(async () => {
    const delayMs = (): number => below(random, 64) / 16
    const machine = simulation.machine('broker', { delayMs })
    void runBroker(machine.start(), flaw)
    const clients = Array.from({ length: CLIENTS }, (_, index) => {
      const world = simulation.machine(`client ${index}`).start()
      return runClient(world, { producer: `p${index}`, messages: MESSAGES, history })
    })
    let isOver = false
    const all = Promise.all(clients).then(() => {
      isOver = true
    })
    for (;;) {
      await Promise.race([simulation.sleep(below(random, 1_000)), all])
      const death = below(random, 2) === 0 ? 'kill' : 'power-cut'
      await Promise.race([machine.diesAfterCalls(1 + below(random, 20), death), all])
      if (isOver) break
      deaths++
      void runBroker(machine.start(), flaw)
    }
    machine.cutPower()
    await readBroker(machine.start(), history)
  })
  return {
    verdict: history.judge(),
    hash: scheduler.traceHash,
    nowMs: clock.monotonicMs(),
    deaths,
  }
}

test('a right broker keeps its promises through kills and power cuts, whatever the seed', async () => {
  let deaths = 0
  for (let seed = 0; seed < 60; seed++) {
    const outcome = await story(seed, 'none')
    assertHonest(outcome.verdict)
    const { notices } = outcome.verdict
    assert.equal(notices.get('attempted'), CLIENTS * MESSAGES, `seed ${seed}`)
    deaths += outcome.deaths
  }
  assert.ok(deaths > 100, `${deaths} deaths`)
})

test('the same seed is the same run', async () => {
  for (let seed = 0; seed < 6; seed++) {
    assert.deepEqual(await story(seed, 'none'), await story(seed, 'none'))
  }
})

const flaws: readonly (readonly [BrokerFlaw, RegExp])[] = [
  ['append-without-sync', /lost/],
  ['sync-before-append', /lost/],
  ['ack-before-append', /lost/],
  ['append-twice', /duplicated/],
]

for (const [flaw, violation] of flaws) {
  test(`a broker with the flaw ${flaw} is caught by some seed, and by that seed again`, async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { verdict } = await story(seed, flaw)
      if (verdict.violations.size === 0) continue
      assert.match([...verdict.violations.keys()].join(), violation)
      const again = await story(seed, flaw)
      assert.deepEqual(again.verdict.examples, verdict.examples)
      return
    }
    assert.fail('no seed caught it')
  })
}

/** Runs a broker that nobody harms, and answers the acknowledgements that left before their sync. */
async function earlyAcks(flaw: BrokerFlaw): Promise<readonly string[]> {
  const simulation = new Simulation({ seed: 5, conditions: drawConditions })
  const witness = new SyncWitness((_path, bytes) => {
    return (
      Buffer.from(bytes)
        .toString('latin1')
        .match(/p\d \d+/g) ?? []
    )
  })
  const early: string[] = []
  let sent = ''
  simulation.network.observe({
    sent: ({ side }, bytes) => {
      if (side !== 'server') return
      sent += Buffer.from(bytes).toString('latin1')
      const lines = sent.split('\n')
      sent = lines.pop() ?? ''
      early.push(...lines.filter((line) => !witness.isDurable(line.slice('ok '.length))))
    },
  })
  await simulation.run(async () => {
    const machine = simulation.machine('broker', { delayMs: () => 2 })
    witness.watch(machine.disk)
    void runBroker(machine.start(), flaw)
    const world = simulation.machine('client').start()
    await runClient(world, { producer: 'p0', messages: MESSAGES, history: new History() })
    machine.kill()
  })
  return early
}

test('a witness sees every acknowledgement that leaves before its sync, and no other', async () => {
  assert.deepEqual(await earlyAcks('none'), [])
  assert.equal((await earlyAcks('ack-before-append')).length, MESSAGES)
  assert.equal((await earlyAcks('append-without-sync')).length, MESSAGES)
  assert.equal((await earlyAcks('sync-before-append')).length, MESSAGES)
})

test('the wake-ups of a dead program never come', async () => {
  const simulation = new Simulation({ seed: 1 })
  const heard: string[] = []
  await simulation.run(async () => {
    const machine = simulation.machine('m')
    const world = machine.start()
    world.scheduler.after(10, () => heard.push('timer'))
    world.scheduler.soon(() => heard.push('soon'))
    assert.ok(machine.isRunning)
    machine.kill()
    world.scheduler.after(1, () => heard.push('after its death'))
    world.scheduler.soon(() => heard.push('after its death'))
    const next = machine.start()
    next.scheduler.after(5, () => heard.push('next')).cancel()
    next.scheduler.after(5, () => heard.push('next'))
    await simulation.sleep(100)
    machine.stopped()
  })
  assert.deepEqual(heard, ['next'])
})

test('a machine runs one program at a time, which finds the disk that the last one left', async () => {
  const simulation = new Simulation({ seed: 1 })
  await simulation.run(async () => {
    const machine = simulation.machine('m', { capacityBytes: 8_192 })
    const world = machine.start()
    assert.throws(() => machine.start(), Panic)
    await writeText(world.disk, '/synced', 'x')
    await world.disk.syncDirectory('/')
    await writeText(world.disk, '/un-synced', 'x')
    machine.kill()
    const names = await machine.start().disk.list('/')
    assert.equal(names.length, 2, 'a kill loses nothing')
    await assert.rejects(writeText(machine.disk, '/third', 'x'), { code: 'full' })
    machine.cutPower()
    assert.ok((await machine.start().disk.list('/')).some(({ name }) => name === 'synced'))
  })
})

test('what goes wrong names its seed', async () => {
  const simulation = new Simulation({ seed: 77 })
  await assert.rejects(
    simulation.run(() => Promise.reject(new Error('broken'))),
    /seed 77: broken/,
  )
})
