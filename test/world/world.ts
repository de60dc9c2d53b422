/**
 * The seeded world: a real broker on a simulated machine, clients that use it in every way, and a seed that decides
 * limits, faults, deaths and every order that a real system leaves open. The same seed is the same world.
 */
import assert from 'node:assert/strict'
import { hearMarks, mark } from '../../src/base/mark.ts'
import type { Net, Random } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'
import { Runtime } from '../../src/broker/runtime.ts'
import { JournalError } from '../../src/journal/errors.ts'
import { imageOf } from '../machine/entry-log.ts'
import { countReferences } from '../machine/full-mark.ts'
import { mix } from '../sim/disk-content.ts'
import { assertHonest, type Verdict } from '../sim/history.ts'
import { CALM } from '../sim/sim-net.ts'
import type { NetConditions } from '../sim/sim-wire.ts'
import { Simulation } from '../sim/simulation.ts'
import type { Cast, Casting, Doors } from './cast.ts'
import { damageSnapshot } from './damage.ts'
import { embeddedCast } from './embedded-cast.ts'
import { drawKnobs, type End, type Knobs } from './knobs.ts'
import { assertFound } from './limited.ts'
import { failScratch } from './scratch-faults.ts'
import { type BrokerRun, Gone, Session, unlessGone } from './session.ts'
import { declareTopology, queueOf } from './topology.ts'
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
/** Far more than all runs of a broker together: something waits for what never comes. */
const WORLD_MS_MAX = 600_000
/** A run of the broker is ended after so long, whatever its clients came to: they may all be held. */
const RUN_MS_MAX = 3_000
/** When all faults are over, clients are through after so long, or something hangs. */
const HEAL_MS_MAX = 60_000
/** Waiting for so many calls of an idle disk would never end. */
const DEATH_MS_MAX = 500
const LEAVE_MS_MAX = 20_000 // a clean stop waits for the disk and for nobody else
/** A start takes no longer, unless it has no room. */
const OPEN_MS_MAX = 5_000
const MORE_BYTES = 8 * 4_096
const PLENTY_BYTES = 2 ** 40

/** A journal time that moves further than this while no time passes was thrown by the wall clock. */
const TIME_STEP_MS_MAX = 1_001 // what a time daemon corrects at once, and a rounding

export function runWorld(seed: number): Promise<WorldReport> {
  return playWorld(seed, { casting: embeddedCast })
}

export function playWorld(
  seed: number,
  manner: {
    readonly casting: Casting
    readonly conditions?: (random: Random) => NetConditions
  },
): Promise<WorldReport> {
  // Of its own: what the knobs draw moves nothing else.
  const stall = { oneIn: 50 + (seed % 5) * 400, msMax: 20 }
  const { conditions = () => CALM } = manner
  const simulation = new Simulation({ seed, stall, conditions })
  const world = new SeededWorld(simulation, drawKnobs(simulation.random), manner.casting)
  const ends = (): Promise<WorldReport> => {
    const never = simulation.sleep(WORLD_MS_MAX).then(() => assert.fail('the world does not end'))
    return Promise.race([world.play(), never])
  }
  return simulation.run(ends)
}

type Living = {
  readonly run: BrokerRun
  readonly doors: Doors
  readonly die: () => void
  readonly serving: Promise<void>
}

class SeededWorld {
  readonly #simulation: Simulation
  readonly #knobs: Knobs
  readonly #machine: ReturnType<Simulation['machine']>
  readonly #witness = new Witness()
  readonly #cast: Cast
  /** Where the clients from outside are. */
  readonly #outside: Net
  #operations = 0
  /** How often this run of the broker said that it can go on no more. */
  #failures = 0
  /** What was added to the disk of a broker that refused to start without. */
  #moreBytes = 0
  #crashes = 0
  #starts = 0
  /** Of which the clients know. */
  #powerCuts = 0

  constructor(simulation: Simulation, knobs: Knobs, casting: Casting) {
    this.#simulation = simulation
    this.#knobs = knobs
    const { network, random } = simulation
    this.#outside = network.host('127.0.0.1')
    this.#machine = simulation.machine('broker', {
      delayMs: () => (below(random, 64) / 64) * knobs.delayMs,
      capacityBytes: knobs.capacityBytes,
      bytesPerSecond: knobs.bytesPerSecond,
    })
    this.#cast = casting({ random, network, witness: this.#witness })
  }

  async play(): Promise<WorldReport> {
    const { scheduler, clock, seed } = this.#simulation
    for (const end of this.#knobs.ends) {
      const living = await this.#start(end)
      await this.#untilOperations(living, end.operations / 2)
      this.#jump(living, end.jumpMs)
      await this.#untilOperations(living, end.operations / 2)
      await this.#end(living, end)
      if (end.snapshot === 'sound') continue
      await damageSnapshot(this.#machine.disk, DIRECTORY, this.#simulation.random)
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
    if (end !== null) failScratch(this.#machine.disk, random, this.#knobs.scratchFailsOneIn)
    assert.equal(runtime.references, countReferences(runtime.machine), 'after the start')
    const { powerCuts } = this.#machine
    this.#witness.restarted(powerCuts > this.#powerCuts ? 'was-cut' : 'stayed')
    this.#powerCuts = powerCuts
    this.#witness.limited.restarted(runtime.machine)
    const doors = await this.#cast.open(runtime)
    return this.#serve(runtime, doors, end === null)
  }

  async #open(): Promise<Runtime> {
    this.#starts++
    const { durability, limits, journalLimits } = this.#knobs
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const world = this.#machine.start()
    this.#failures = 0
    const stopped = (): number => this.#failures++
    const options = { world, directory: DIRECTORY, durability, log, limits, journalLimits }
    const { disk } = this.#machine
    disk.capacityBytes += this.#moreBytes
    const opening = Runtime.open({ ...options, stopped })
    let isOver: boolean = false
    const over = (): void => {
      isOver = true
    }
    opening.then(over, over)
    // A full disk has no room for the first entry either; whoever runs it sees that it does not come up.
    while (!(await this.#untilTrue(() => isOver || disk.isDead, OPEN_MS_MAX))) {
      mark('world/room-made-to-start')
      disk.capacityBytes += MORE_BYTES
    }
    return opening.catch((error: unknown) => {
      if (!(error instanceof JournalError) || error.code !== 'JOURNAL_FULL') throw error
      this.#moreBytes += MORE_BYTES
      this.#die('kill')
      return this.#open()
    })
  }

  #serve(runtime: Runtime, doors: Doors, isLast: boolean): Living {
    let die = (): void => undefined
    const gone = new Promise<never>((_resolve, reject) => {
      die = () => reject(new Gone('the broker died'))
    })
    gone.catch(() => undefined)
    const run = { runtime, number: this.#starts, gone, isOver: false, isEnding: false, isLast }
    const serving = this.#serveAll(run)
    serving.catch(() => undefined) // whoever waits for it later hears of it
    return { run, doors, die, serving }
  }

  async #serveAll(run: BrokerRun): Promise<void> {
    if (!(await unlessGone(this.#declare(run)))) return
    const { finite, endless } = this.#cast
    const clients = [...finite, ...endless].filter(({ isDone }) => !isDone)
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
      net: this.#outside,
      sleep: (delayMs) => sleep.call(this.#simulation, delayMs),
      count: () => {
        this.#operations++
      },
    })
  }

  async #untilOperations({ run: { runtime } }: Living, count: number): Promise<void> {
    const target = this.#operations + count
    let wasFull: boolean = false
    const isThere = (): boolean => {
      // Nobody makes room but the consumers.
      if (wasFull && !runtime.isDiskFull) mark('world/full-disk-drained')
      wasFull = runtime.isDiskFull
      return this.#operations >= target
    }
    await this.#untilTrue(isThere, RUN_MS_MAX / 2)
  }

  /** The wall clock jumps; journal time must not. */
  #jump({ run: { runtime } }: Living, jumpMs: number): void {
    if (jumpMs === 0) return
    const beforeMs = runtime.time.nowMs()
    this.#simulation.clock.jumpWall(jumpMs)
    const passedMs = runtime.time.nowMs() - beforeMs
    assert(passedMs >= 0 && passedMs <= TIME_STEP_MS_MAX, `journal time moved by ${passedMs} ms`)
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
      const { runtime } = living.run
      const call = disk.callCount + end.calls
      disk.faults.plan({ call, code: 'io', lasts: end.lasts, writtenBytes: 0 })
      await this.#untilTrue(() => runtime.failure !== null, DEATH_MS_MAX)
      assert.equal(this.#failures, runtime.failure === null ? 0 : 1, 'whoever runs it is told once')
      this.#die(end.again === 'again' ? 'kill' : 'power-cut')
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
  async #stopHeld({ run, doors, die, serving }: Living): Promise<void> {
    run.isOver = true
    die()
    await serving
    await doors.close()
    if (!(await this.#close(run.runtime))) return
    // What was settled and waited for room is settled now.
    const isHeld = [...run.runtime.machine.queues.values()].some(({ heldCount }) => heldCount > 0)
    const again = await this.#open()
    assert.equal(again.machine.stoppedCleanly, !isHeld)
    await this.#close(again)
  }

  /** Stops the broker, whatever the disk. Answers whether its last words found room; without them it is a crash. */
  async #close(runtime: Runtime): Promise<boolean> {
    let isClosed: boolean = false
    let hasRoom: boolean = true
    const unhear = hearMarks((name) => {
      if (name === 'runtime/no-room-to-stop') hasRoom = false
    })
    const closed = runtime.close().then(() => {
      isClosed = true
    })
    await Promise.race([closed, this.#untilTrue(() => isClosed, LEAVE_MS_MAX)])
    unhear()
    assert(isClosed, 'a stop that does not end')
    this.#machine.stopped()
    if (!hasRoom) this.#crashes++
    return hasRoom
  }

  #die(manner: 'kill' | 'power-cut'): void {
    if (manner === 'kill') this.#machine.kill()
    else this.#machine.cutPower()
  }

  /** A clean stop: all there was is there again, byte for byte. */
  async #stop(living: Living): Promise<void> {
    const { run, serving } = living
    // Some doors close while their clients are at work.
    if (below(this.#simulation.random, 2) === 0) await living.doors.close()
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
    await living.doors.close()
    assert.equal(runtime.failure, null)
    assert.equal(runtime.references, countReferences(runtime.machine), 'before the stop')
    const hasRoom = await this.#close(runtime)
    run.isOver = true
    assert.deepEqual(this.#machine.disk.openPaths, [])
    if (!hasRoom) return
    const before = imageOf(runtime.machine)
    const again = await this.#open()
    assert(again.machine.stoppedCleanly, 'a clean stop is found as one')
    assertFound(again, { machine: runtime.machine, image: before })
    await this.#close(again)
  }

  /** No more faults: everybody gets through, and what is left is what should be. */
  async #heal(): Promise<void> {
    const living = await this.#start(null)
    this.#machine.disk.capacityBytes = PLENTY_BYTES
    const { run } = living
    const { runtime } = run
    const session = this.#session(run)
    const busy = (): readonly string[] => [
      ...this.#cast.finite.filter(({ isDone }) => !isDone).map(({ name }) => name),
      ...this.#cast.behind(session),
      ...this.#cast.queues.filter((name) => {
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
    this.#witness.history.passed(runtime.time.nowMs())
    for (const name of this.#cast.queues) {
      const { readyCount, heldCount } = queueOf(runtime, name)
      this.#witness.history.drained(name, readyCount + heldCount)
    }
    const crashes = this.#crashes
    await this.#stop(living)
    assert.equal(this.#crashes, crashes, 'a stop without faults comes to its end')
  }
}
