/**
 * The seeded world: a real broker on a simulated machine, clients that use it in every way, and a seed that decides
 * limits, faults, deaths and every order that a real system leaves open. The same seed is the same world.
 */
import assert from 'node:assert/strict'
import { below } from '../../src/base/random.ts'
import { Runtime } from '../../src/broker/runtime.ts'
import { imageOf } from '../machine/entry-log.ts'
import { countReferences } from '../machine/full-mark.ts'
import { mix } from '../sim/disk-content.ts'
import { assertHonest, type Verdict } from '../sim/history.ts'
import { Simulation } from '../sim/simulation.ts'
import { Appender } from './appender.ts'
import { ConsumerClient } from './consumer-client.ts'
import { Declarer } from './declarer.ts'
import { Getter } from './getter.ts'
import { drawKnobs, type End, type Knobs } from './knobs.ts'
import { Publisher } from './publisher.ts'
import { Reader } from './reader.ts'
import { type BrokerRun, type Client, Gone, Session } from './session.ts'
import { declareTopology, GROUPS, PARTITIONS, QUEUES, queueOf } from './topology.ts'
import { Witness } from './witness.ts'

export type WorldReport = {
  readonly seed: number
  readonly operations: number
  readonly crashes: number
  readonly restarts: number
  /** Equal for equal runs. */
  readonly hash: number
  readonly verdict: Verdict
  readonly simulatedMs: number
}

const DIRECTORY = 'data'
/** A run of the broker is ended after so long, whatever its clients came to: they may all be held. */
const RUN_MS_MAX = 3_000
/** When all faults are over, clients are through after so long, or something hangs. */
const HEAL_MS_MAX = 60_000
/** Waiting for so many calls of an idle disk would never end. */
const DEATH_MS_MAX = 500
const LEAVE_MS_MAX = 20_000 // a clean stop waits for the disk and for nobody else
const PLENTY_BYTES = 2 ** 40

export async function runWorld(seed: number): Promise<WorldReport> {
  // Of its own: what the knobs draw moves nothing else.
  const stall = { oneIn: 50 + (seed % 5) * 400, msMax: 20 }
  const simulation = new Simulation({ seed, stall })
  const world = new SeededWorld(simulation, drawKnobs(simulation.random))
  return simulation.run(() => world.play())
}

type Living = {
  readonly run: BrokerRun
  readonly die: () => void
  readonly serving: Promise<void>
}

class SeededWorld {
  readonly #simulation: Simulation
  readonly #knobs: Knobs
  readonly #machine: ReturnType<Simulation['machine']>
  readonly #witness = new Witness()
  /** Those who come to an end by themselves. */
  readonly #finite: Client[] = []
  /** All the others. */
  readonly #endless: Client[] = []
  readonly #readers: Reader[] = []
  #operations = 0
  #crashes = 0
  #starts = 0

  constructor(simulation: Simulation, knobs: Knobs) {
    this.#simulation = simulation
    this.#knobs = knobs
    const { random } = simulation
    this.#machine = simulation.machine('broker', {
      delayMs: () => (below(random, 64) / 64) * knobs.delayMs,
      capacityBytes: knobs.capacityBytes,
    })
    this.#makeClients()
  }

  async play(): Promise<WorldReport> {
    const { scheduler, clock, seed } = this.#simulation
    for (const end of this.#knobs.ends) {
      const living = await this.#start(end)
      await this.#untilOperations(end.operations)
      await this.#end(living, end)
    }
    await this.#heal()
    const { history, hash } = this.#witness
    const verdict = history.judge()
    assertHonest(verdict)
    return {
      seed,
      operations: this.#operations,
      crashes: this.#crashes,
      restarts: this.#starts - 1,
      hash: mix(scheduler.traceHash, hash) >>> 0,
      verdict,
      simulatedMs: clock.monotonicMs(),
    }
  }

  #makeClients(): void {
    const { random } = this.#simulation
    const witness = this.#witness
    for (let index = 0; index < 3; index++) {
      this.#finite.push(new Publisher(`p${index}`, 20 + below(random, 40), witness))
    }
    this.#finite.push(new Appender('a0', 15 + below(random, 20), witness))
    this.#finite.push(new Appender('a1', 15 + below(random, 20), witness))
    this.#finite.push(new Declarer('d0', 8 + below(random, 12)))
    for (const queue of QUEUES) {
      const count = 1 + below(random, 3)
      for (let index = 0; index < count; index++) {
        this.#endless.push(new ConsumerClient(`c${index} ${queue}`, queue, witness))
      }
    }
    this.#endless.push(new Getter('g0', QUEUES[0]!, witness))
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for (const group of GROUPS) {
        const reader = new Reader(`r${partition} ${group}`, { partition, group }, witness)
        this.#readers.push(reader)
        this.#endless.push(reader)
      }
    }
  }

  /** Starts the broker, through a death in the middle of its recovery if so drawn, and all clients. */
  async #start(end: End | null): Promise<Living> {
    const { random, clock } = this.#simulation
    if (this.#starts > 0) clock.jumpWall(this.#knobs.clockJumpMs)
    if (end?.again === 'again' && this.#starts > 0) {
      const opened = this.#open()
      const manner = this.#knobs.durability === 'os' ? 'kill' : 'power-cut'
      const death = this.#machine.diesAfterCalls(1 + below(random, 25), manner)
      const runtime = await Promise.race([opened, death, this.#simulation.sleep(DEATH_MS_MAX)])
      if (this.#machine.isRunning) this.#die(manner)
      if (runtime === undefined) opened.catch(() => undefined)
      this.#crashes++
    }
    const runtime = await this.#open()
    assert.equal(runtime.references, countReferences(runtime.machine), 'after the start')
    this.#witness.restarted()
    return this.#serve(runtime, end === null)
  }

  async #open(): Promise<Runtime> {
    this.#starts++
    const { durability, limits, journalLimits } = this.#knobs
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const world = this.#machine.start()
    const options = { world, directory: DIRECTORY, durability, log, limits, journalLimits }
    return Runtime.open(options)
  }

  #serve(runtime: Runtime, isLast: boolean): Living {
    let die = (): void => undefined
    const gone = new Promise<never>((_resolve, reject) => {
      die = () => reject(new Gone('the broker died'))
    })
    gone.catch(() => undefined)
    const run = { runtime, number: this.#starts, gone, isOver: false, isEnding: false, isLast }
    const serving = this.#serveAll(run)
    serving.catch(() => undefined) // whoever waits for it later hears of it
    return { run, die, serving }
  }

  async #serveAll(run: BrokerRun): Promise<void> {
    if (!(await unlessGone(this.#declare(run)))) return
    const clients = [...this.#finite, ...this.#endless].filter(({ isDone }) => !isDone)
    // Whoever fails shows at once, not when all are through.
    await Promise.all(clients.map((client) => unlessGone(client.serve(this.#session(run)))))
  }

  /** On a full disk there may be no room for it at first. */
  async #declare(run: BrokerRun): Promise<void> {
    const session = this.#session(run)
    while (!session.isEnding && !(await declareTopology(session))) await session.sleep(20)
  }

  #session(run: BrokerRun): Session {
    const { sleep } = this.#simulation
    return new Session(run, {
      random: this.#simulation.programRandom(),
      sleep: (delayMs) => sleep.call(this.#simulation, delayMs),
      count: () => {
        this.#operations++
      },
    })
  }

  async #untilOperations(count: number): Promise<void> {
    const target = this.#operations + count
    await this.#untilTrue(() => this.#operations >= target, RUN_MS_MAX)
  }

  /** Answers whether it came true in time. */
  async #untilTrue(isTrue: () => boolean, msMax: number): Promise<boolean> {
    const { clock } = this.#simulation
    const untilMs = clock.monotonicMs() + msMax
    while (!isTrue()) {
      if (clock.monotonicMs() >= untilMs) return false
      await this.#simulation.sleep(1)
    }
    return true
  }

  async #end(living: Living, end: End): Promise<void> {
    if (end.kind === 'stop') {
      await this.#stop(living)
      return
    }
    if (end.kind === 'stop-held') {
      await this.#stopHeld(living)
      return
    }
    const { disk } = this.#machine
    if (end.kind === 'sync-fails') {
      const call = disk.callCount + end.calls
      disk.faults.plan({ call, code: 'io', lasts: 'once', writtenBytes: 0 })
      await this.#untilTrue(() => living.run.runtime.failure !== null, DEATH_MS_MAX)
      this.#machine.cutPower()
    } else {
      const death = this.#machine.diesAfterCalls(end.calls, end.kind)
      await Promise.race([death, this.#simulation.sleep(DEATH_MS_MAX)])
      if (this.#machine.isRunning) {
        this.#die(end.kind)
      }
    }
    this.#crashes++
    living.run.isOver = true
    living.die()
    await living.serving
  }

  /** A stop whose clients are just gone: what they held may have been delivered, and the next start says so. */
  async #stopHeld({ run, die, serving }: Living): Promise<void> {
    run.isOver = true
    die()
    await serving
    const isHeld = [...run.runtime.machine.queues.values()].some(({ heldCount }) => heldCount > 0)
    let isClosed: boolean = false
    const closed = run.runtime.close().then(() => {
      isClosed = true
    })
    await Promise.race([closed, this.#untilTrue(() => isClosed, LEAVE_MS_MAX)])
    this.#crashes += isClosed ? 0 : 1
    if (!isClosed) return this.#machine.kill()
    this.#machine.stopped()
    const again = await this.#open()
    assert.equal(again.machine.stoppedCleanly, !isHeld)
    await again.close()
    this.#machine.stopped()
  }

  #die(manner: 'kill' | 'power-cut'): void {
    if (manner === 'kill') this.#machine.kill()
    else this.#machine.cutPower()
  }

  /** A clean stop: all there was is there again, byte for byte. */
  async #stop(living: Living): Promise<void> {
    const { run, serving } = living
    run.isEnding = true
    let hasLeft: boolean = false
    const left = serving.then(() => {
      hasLeft = true
    })
    await Promise.race([left, this.#untilTrue(() => hasLeft, LEAVE_MS_MAX)])
    if (!hasLeft) {
      // On a full disk nobody gets an answer; then it is killed, as an operator would.
      this.#machine.kill()
      this.#crashes++
      run.isOver = true
      living.die()
      await serving
      return
    }
    const { runtime } = run
    assert.equal(runtime.failure, null)
    assert.equal(runtime.references, countReferences(runtime.machine), 'before the stop')
    await runtime.close()
    run.isOver = true
    assert.deepEqual(this.#machine.disk.openPaths, [])
    this.#machine.stopped()
    const before = imageOf(runtime.machine)
    const again = await this.#open()
    assert(again.machine.stoppedCleanly, 'a clean stop is found as one')
    assert.deepEqual(imageOf(again.machine), before, 'the state of before the stop')
    await again.close()
    this.#machine.stopped()
  }

  /** No more faults: everybody gets through, and what is left is what should be. */
  async #heal(): Promise<void> {
    const living = await this.#start(null)
    this.#machine.disk.capacityBytes = PLENTY_BYTES
    const { run } = living
    const { runtime } = run
    const session = this.#session(run)
    const busy = (): readonly string[] => [
      ...this.#finite.filter(({ isDone }) => !isDone).map(({ name }) => name),
      ...this.#readers.filter((reader) => !reader.isThrough(session)).map(({ name }) => name),
      ...QUEUES.filter((name) => {
        const queue = runtime.namespace('/')?.queues.get(name)
        return queue === undefined || queue.readyCount + queue.heldCount > 0
      }),
    ]
    const check = Promise.race([
      this.#untilTrue(() => busy().length === 0, HEAL_MS_MAX),
      living.serving.then(() => false),
    ])
    assert(await check, `not through after all faults: ${busy().join(', ')}`)
    this.#witness.promisePassing()
    for (const name of QUEUES) {
      const { readyCount, heldCount } = queueOf(runtime, name)
      this.#witness.history.drained(name, readyCount + heldCount)
    }
    await this.#stop(living)
  }
}

/** Answers whether it came to its end: the broker may die before. */
async function unlessGone(work: Promise<void>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof Gone) return false
    throw error
  }
}
