/**
 * A world from a seed: machines with crash disks, one network, one scheduler that owns every wake-up. Programs run
 * on machines and get the five ports; they are killed, lose power, and start again on what is left. The same seed is
 * the same run, event by event.
 */
import { assert } from '../../src/base/assert.ts'
import type { Random, Scheduler, Timer, World } from '../../src/base/ports.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { CrashDisk, type CrashDiskOptions } from './crash-disk.ts'
import type { Call } from './disk-faults.ts'
import type { Image } from './disk-outcomes.ts'
import { SimClock } from './sim-clock.ts'
import { CALM, type SimHost, SimNetwork } from './sim-net.ts'
import { SimScheduler } from './sim-scheduler.ts'
import type { NetConditions } from './sim-wire.ts'

export interface SimulationOptions {
  readonly seed: number
  /** Asked once for every connection; `CALM` without. */
  readonly conditions?: (random: Random) => NetConditions
  /** Before one task in so many the event loop stalls for up to `msMax`; never without. */
  readonly stall?: { readonly oneIn: number; readonly msMax: number }
}

export interface MachineOptions {
  /** How long a call of the disk takes; nothing at all without. */
  readonly delayMs?: (call: Call) => number
  readonly bytesPerSecond?: number
  readonly capacityBytes?: number
}

export class Simulation {
  readonly seed: number
  readonly clock: SimClock
  readonly scheduler: SimScheduler
  /** For the test's own choices: what programs draw does not move it. */
  readonly random: Random
  readonly network: SimNetwork
  readonly #programs: Random

  constructor({ seed, conditions, stall }: SimulationOptions) {
    this.seed = seed
    const root = new SeededRandom(seed)
    const stream = (): Random => new SeededRandom(root.u32())
    this.random = stream()
    this.#programs = stream()
    this.clock = new SimClock()
    const { clock } = this
    this.scheduler = new SimScheduler({
      clock,
      random: stream(),
      ...(stall === undefined ? {} : { stall }),
    })
    const { scheduler } = this
    this.network = new SimNetwork({
      ...{ clock, scheduler, random: stream() },
      conditions: conditions ?? (() => CALM),
    })
  }

  machine(name: string, options: MachineOptions = {}): SimMachine {
    return new SimMachine(this, name, options)
  }

  /** For machines: chance for one program. */
  programRandom(): Random {
    return new SeededRandom(this.#programs.u32())
  }

  /** Resolves after so much simulated time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.afterInWorld(delayMs, resolve)
    })
  }

  /** Runs the whole story; what it throws names the seed. */
  async run<T>(main: () => Promise<T>): Promise<T> {
    try {
      return await this.scheduler.run(main)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${this.seed}: ${text}`, { cause: error })
    }
  }
}

/** A machine with one disk, on which one program at a time runs. */
class SimMachine {
  readonly name: string
  readonly #simulation: Simulation
  readonly #options: MachineOptions
  #disk: CrashDisk
  #host: SimHost | null = null
  #wakeUps: ProgramScheduler | null = null
  /** Of the disk's calls: those under way go with the power. */
  #diskWakeUps: ProgramScheduler
  #startCount = 0
  #powerCuts = 0

  constructor(simulation: Simulation, name: string, options: MachineOptions) {
    this.#simulation = simulation
    this.name = name
    this.#options = options
    this.#diskWakeUps = new ProgramScheduler(simulation.scheduler)
    this.#disk = new CrashDisk(this.#diskOptions())
  }

  /** The disk as the present program has it: to observe, to make calls fail, to fill. */
  get disk(): CrashDisk {
    return this.#disk
  }

  get isRunning(): boolean {
    return this.#host !== null
  }

  /** The ports of the next program, on what the last one left. */
  start(): World {
    assert(this.#host === null, `${this.name}: a program runs already`)
    this.#startCount++
    const { clock, network, scheduler } = this.#simulation
    this.#host = network.host(`${this.name} ${this.#startCount}`)
    this.#wakeUps = new ProgramScheduler(scheduler)
    return {
      clock,
      scheduler: this.#wakeUps,
      random: this.#simulation.programRandom(),
      disk: this.#disk,
      net: this.#host,
    }
  }

  /** The program has ended by itself. Its timers would be leaks: they are left to be found. */
  stopped(): void {
    this.#host = null
    this.#wakeUps = null
  }

  /** How often the power went so far. */
  get powerCuts(): number {
    return this.#powerCuts
  }

  /** SIGKILL: the bytes it wrote stay, un-synced as they are; its connections end. */
  kill(): void {
    this.#die('ended', this.#disk.point().killed())
  }

  /** The power goes: of what was not synced, chance decides; its peers hear nothing. */
  cutPower(): void {
    this.#powerCuts++
    this.#die('silent', this.#disk.point().sample(this.#simulation.random.u32()))
  }

  /**
   * Dies as soon as the program has issued so many more calls to the disk, with the last of them under way: far
   * likelier to find it in the middle of something than any moment by chance. Resolves when it is dead.
   */
  diesAfterCalls(calls: number, death: 'kill' | 'power-cut'): Promise<void> {
    const disk = this.#disk
    const target = disk.callCount + calls
    return new Promise((resolve) => {
      disk.observe({
        issued: ({ number }) => {
          if (number !== target) return
          this.#simulation.scheduler.afterInWorld(0, () => {
            if (this.#disk !== disk || disk.isDead) return
            if (death === 'kill') this.kill()
            else this.cutPower()
            resolve()
          })
        },
      })
    })
  }

  #die(manner: 'ended' | 'silent', image: Image): void {
    this.#host?.die(manner)
    this.#wakeUps?.die()
    this.#host = null
    this.#wakeUps = null
    this.#disk.cutPower()
    this.#diskWakeUps.die()
    this.#diskWakeUps = new ProgramScheduler(this.#simulation.scheduler)
    this.#disk = new CrashDisk({ ...this.#diskOptions(), image })
  }

  #diskOptions(): CrashDiskOptions {
    const { clock } = this.#simulation
    const scheduler = this.#diskWakeUps
    const { delayMs, bytesPerSecond, capacityBytes } = this.#options
    const isTimed = delayMs !== undefined || bytesPerSecond !== undefined
    const timing = {
      ...{ clock, scheduler, delayMs: delayMs ?? (() => 0) },
      bytesPerSecond: bytesPerSecond ?? Number.POSITIVE_INFINITY,
    }
    return {
      ...(isTimed ? { timing } : {}),
      ...(capacityBytes === undefined ? {} : { capacityBytes }),
    }
  }
}

/** The wake-ups of one program: they die with it. */
class ProgramScheduler implements Scheduler {
  readonly #scheduler: Scheduler
  readonly #timers = new Set<Timer>()
  #isDead: boolean = false

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  soon(task: () => void): void {
    if (this.#isDead) return
    this.#scheduler.soon(() => {
      if (!this.#isDead) task()
    })
  }

  after(delayMs: number, task: () => void): Timer {
    if (this.#isDead) return NEVER
    const timer = this.#scheduler.after(delayMs, () => {
      this.#timers.delete(timer)
      task()
    })
    this.#timers.add(timer)
    return {
      cancel: () => {
        timer.cancel()
        this.#timers.delete(timer)
      },
    }
  }

  die(): void {
    this.#isDead = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}

const NEVER: Timer = { cancel: () => undefined }
