/**
 * Cuts the power at every call of a workload, brings up every state that each cut may leave, and judges what
 * the product makes of it; then cuts the power again while it does. One run of the workload is enough,
 * because the crash disk keeps each moment. Knows nothing of what is stored: workload, recovery and check are
 * the caller's.
 */
import { CrashDisk } from '../sim/crash-disk.ts'
import type { CrashPoint } from '../sim/crash-point.ts'
import { mix } from '../sim/disk-content.ts'
import type { Image } from '../sim/disk-outcomes.ts'
import { settled } from '../sim/turn.ts'
import { Ledger } from './ledger.ts'
import {
  type AgainPlace,
  type Outcome,
  Recoveries,
  type RecoverySpec,
  recoverRecorded,
} from './recoveries.ts'

export interface CrashSpec<State, Entry> extends RecoverySpec<State> {
  /** Names the workload in reports and replays. */
  readonly id: string
  /** The disk to start with; an empty one without. The same each time. */
  readonly disk?: () => CrashDisk
  /** Notes what it tries before it tries it, and what was acknowledged as soon as it was. */
  workload(disk: CrashDisk, ledger: Ledger<Entry>): Promise<void>
  /** The disk that comes up where more is lost than the power; the image itself without. */
  readonly comesUp?: (image: Image) => Image
  /** Throws if the state breaks a promise. `entries` is the ledger as it was when the power went. */
  check(state: State, entries: readonly Entry[]): void
}

export interface CrashOptions {
  /**
   * Of the states of the first crash, each so-many-th is crashed again at every call of its recovery; 0 for none.
   * Default 1.
   */
  readonly againEvery?: number
  /** Of the crash points, each so-many-th is a kill too, and the power goes later; 0 for none. Default 1. */
  readonly killEvery?: number
  /** So many images by chance beside the enumerated ones, of every combination, at each crash point. Default 0. */
  readonly samples?: number
  /**
   * When the power is cut. `own`: not before the ledger says that what is this workload's own begins; `last`: when the
   * workload is over. Default `all`.
   */
  readonly points?: 'all' | 'own' | 'last'
  /** Stops, and says so, after so many recoveries. Unlimited without. */
  readonly recoveriesMax?: number
}

/** Where a failure was found: enough to make it again. */
export interface CrashPlace {
  readonly workload: string
  readonly call: number
  readonly image: string
  /** The call of the recovery at which the power went again; 0 if it went once. */
  readonly againCall: number
  readonly againImage: string
}

export interface CrashFailure {
  readonly place: CrashPlace
  readonly error: unknown
}

export interface CrashReport {
  readonly workload: string
  /** Calls of the workload. */
  readonly calls: number
  /** Images drawn, equal ones included. */
  readonly images: number
  /** Images that differ from every other of this workload, recovered and checked: after one power cut. */
  readonly states: number
  /** Of those, the ones that had been recovered before: for another workload, or after a second crash. */
  readonly known: number
  /** Images that nothing had led to before a second crash during or after a recovery did. */
  readonly againStates: number
  /** Kills, which leave un-synced bytes in place. */
  readonly killStates: number
  /** Recoveries that were run. */
  readonly recoveries: number
  readonly checks: number
  readonly isComplete: boolean
  readonly failure: CrashFailure | null
}

export function describePlace(place: CrashPlace): string {
  const { workload, call, image, againCall, againImage } = place
  const again = againCall === 0 ? '' : `, then at call ${againCall} of the recovery: ${againImage}`
  return `${workload} at call ${call}: ${image}${again}`
}

/** The image of a failure, to open a disk on, and the ledger of that moment. */
export async function imageAt<State, Entry>(
  spec: CrashSpec<State, Entry>,
  place: CrashPlace,
): Promise<{ readonly image: Image; readonly entries: readonly Entry[] }> {
  const run = await runWorkload(spec)
  const point = pointAt(run.points, place.call)
  const left = imageOf(point, place.image)
  const image = spec.comesUp?.(left) ?? left
  const entries = run.ledger.until(point.moment.mark)
  if (place.againCall === 0) return { image, entries }
  const { points } = await recoverRecorded(spec, image)
  return { image: imageOf(pointAt(points, place.againCall), place.againImage), entries }
}

/** Makes one place again and judges it as the enumeration did: what was thrown, or `null` if all is well. */
export async function replay<State, Entry>(
  spec: CrashSpec<State, Entry>,
  place: CrashPlace,
): Promise<unknown> {
  if (place.image === NO_CRASH) return (await runWorkload(spec)).failure?.error ?? null
  const first = await imageAt(spec, { ...place, againCall: 0 })
  try {
    const { state, points } = await recoverRecorded(spec, first.image)
    if (place.againCall === 0) {
      spec.check(state, first.entries)
      return null
    }
    const again = pointAt(points, place.againCall)
    const second = await recoverRecorded(spec, imageOf(again, place.againImage))
    if (place.image !== KILLED || again === points.at(-1)) spec.compare?.(state, second.state)
    spec.check(second.state, first.entries)
    return null
  } catch (error) {
    return error
  }
}

/** Workloads with the same recovery may share what it came to: then each disk is recovered once for all of them. */
export async function enumerate<State, Entry>(
  spec: CrashSpec<State, Entry>,
  options: CrashOptions = {},
  shared?: Recoveries<State>,
): Promise<CrashReport> {
  const run = await runWorkload(spec, options.points)
  const report = await crashRun(spec, run, { ...options, recoveries: shared })
  if (report.failure === null || shared === undefined) return report
  // A place inside a recovery may be named after the calls of another workload: find it once more without that one.
  const alone = await crashRun(spec, run, { ...options, recoveries: undefined })
  return alone.failure === null ? report : alone
}

async function crashRun<State, Entry>(
  spec: CrashSpec<State, Entry>,
  run: WorkloadRun<Entry>,
  options: CrashOptions & { readonly recoveries: Recoveries<State> | undefined },
): Promise<CrashReport> {
  const { calls, ledger } = run
  const recoveries = options.recoveries ?? new Recoveries(spec)
  const before = countsOf(recoveries)
  const enumeration = new Enumeration(spec, { ledger, recoveries }, options)
  const failure = run.failure ?? (await enumeration.run(pointsOf(run, options.points ?? 'all')))
  const { states, known, killStates, checks, isComplete } = enumeration
  const after = countsOf(recoveries)
  return {
    workload: spec.id,
    ...{ calls, states, known, killStates, checks, isComplete, failure },
    images: enumeration.images + after.images - before.images,
    againStates: after.againStates - before.againStates,
    recoveries: after.recoveries - before.recoveries,
  }
}

function countsOf<State>({ images, againStates, recoveries }: Recoveries<State>): {
  readonly images: number
  readonly againStates: number
  readonly recoveries: number
} {
  return { images, againStates, recoveries }
}

function pointsOf<Entry>(
  { points, ledger }: WorkloadRun<Entry>,
  which: 'all' | 'own' | 'last',
): readonly CrashPoint[] {
  if (which === 'last') return points.slice(-1)
  if (which === 'all') return points
  return points.filter(({ moment }) => moment.call > ledger.ownFrom)
}

class Enumeration<State, Entry> {
  readonly #spec: CrashSpec<State, Entry>
  readonly #ledger: Ledger<Entry>
  readonly #recoveries: Recoveries<State>
  readonly #againEvery: number
  readonly #killEvery: number
  readonly #samples: number
  readonly #recoveriesMax: number
  /** Where counting every so-many-th begins: not at the same moment of every workload. */
  readonly #turn: number
  /** By identity: equal images are recovered once. */
  readonly #seen = new Map<number, Outcome<State>>()
  /** The mark that each was last judged with. */
  readonly #judged = new Map<Outcome<State>, number>()
  /** Where it is, for the report of a failure. */
  #place: CrashPlace
  #entries: readonly Entry[] = []
  images = 0
  states = 0
  known = 0
  killStates = 0
  checks = 0
  isComplete: boolean = true

  constructor(
    spec: CrashSpec<State, Entry>,
    { ledger, recoveries }: { ledger: Ledger<Entry>; recoveries: Recoveries<State> },
    options: CrashOptions,
  ) {
    this.#spec = spec
    this.#ledger = ledger
    this.#recoveries = recoveries
    this.#againEvery = options.againEvery ?? 1
    this.#killEvery = options.killEvery ?? 1
    this.#samples = options.samples ?? 0
    this.#recoveriesMax =
      (options.recoveriesMax ?? Number.POSITIVE_INFINITY) + recoveries.recoveries
    this.#turn = turnOf(spec.id)
    this.#place = placeOf(spec.id, 0, 'none')
  }

  async run(points: readonly CrashPoint[]): Promise<CrashFailure | null> {
    try {
      let version = -1
      let seen: ReadonlyMap<Outcome<State>, string> = new Map()
      let versions = 0
      for (const point of points) {
        this.#entries = this.#ledger.until(point.moment.mark)
        if (point.moment.version === version) {
          // The same images, but the workload knows more: judge what is known again.
          for (const [outcome, name] of seen) this.#judge(point, name, outcome)
          continue
        }
        version = point.moment.version
        versions++
        seen = await this.#crash(point)
        if (this.#isDue(versions, this.#killEvery)) await this.#kill(point)
        if (!this.isComplete) return null
      }
      return null
    } catch (error) {
      return { place: this.#placeAgain(this.#recoveries.place), error }
    }
  }

  async #crash(point: CrashPoint): Promise<ReadonlyMap<Outcome<State>, string>> {
    const seen = new Map<Outcome<State>, string>()
    for (const image of this.#imagesOf(point)) {
      this.images++
      let outcome = this.#seen.get(image.identity)
      if (outcome === undefined) {
        if (this.#recoveries.recoveries >= this.#recoveriesMax) {
          this.isComplete = false
          break
        }
        this.#place = placeOf(this.#spec.id, point.moment.call, image.name)
        outcome = await this.#recover(this.#spec.comesUp?.(image) ?? image)
        this.#seen.set(image.identity, outcome)
      }
      if (!seen.has(outcome)) seen.set(outcome, image.name)
      this.#judge(point, image.name, outcome)
    }
    return seen
  }

  #recover(image: Image): Promise<Outcome<State>> {
    this.states++
    if (this.#recoveries.knows(image)) this.known++
    const isAgain = this.#isDue(this.states, this.#againEvery)
    return isAgain ? this.#recoveries.twice(image) : this.#recoveries.once(image)
  }

  *#imagesOf(point: CrashPoint): Generator<Image> {
    yield* point.images()
    for (let index = 0; index < this.#samples; index++) {
      yield point.sample(point.moment.call * this.#samples + index)
    }
  }

  async #kill(point: CrashPoint): Promise<void> {
    this.#place = placeOf(this.#spec.id, point.moment.call, KILLED)
    this.killStates++
    this.#judge(point, KILLED, await this.#recoveries.killed(point))
  }

  #isDue(count: number, every: number): boolean {
    return every > 0 && (count + this.#turn) % every === 0
  }

  #judge({ moment: { call, mark } }: CrashPoint, image: string, outcome: Outcome<State>): void {
    if (this.#judged.get(outcome) === mark) return
    this.#judged.set(outcome, mark)
    this.#place = placeOf(this.#spec.id, call, image)
    this.#check(outcome.state)
    for (const { place, state } of outcome.again) {
      this.#place = this.#placeAgain(place)
      this.#check(state)
    }
  }

  #check(state: State): void {
    this.checks++
    this.#spec.check(state, this.#entries)
  }

  #placeAgain(again: AgainPlace | null): CrashPlace {
    if (again === null) return this.#place
    return { ...this.#place, againCall: again.call, againImage: again.image }
  }
}

/** Some number that differs from workload to workload and is the same each time. */
function turnOf(id: string): number {
  let turn = 0
  for (let index = 0; index < id.length; index++) turn = mix(turn, id.charCodeAt(index))
  return turn >>> 0
}

/** The image that a killed process leaves. */
const KILLED = 'killed'

/** The image of a workload that failed by itself. */
const NO_CRASH = 'no crash'

function placeOf(workload: string, call: number, image: string): CrashPlace {
  return { workload, call, image, againCall: 0, againImage: '' }
}

interface WorkloadRun<Entry> {
  readonly calls: number
  readonly points: readonly CrashPoint[]
  readonly ledger: Ledger<Entry>
  /** What the workload itself threw. */
  readonly failure: CrashFailure | null
}

async function runWorkload<State, Entry>(
  spec: CrashSpec<State, Entry>,
  points: CrashOptions['points'] = 'all',
): Promise<WorkloadRun<Entry>> {
  const disk = spec.disk?.() ?? new CrashDisk()
  const ledger = new Ledger<Entry>()
  const record = (): void => disk.record(() => ledger.length)
  if (points !== 'last') record()
  let failure: CrashFailure | null = null
  try {
    await settled(spec.workload(disk, ledger), `the workload ${spec.id}`)
  } catch (error) {
    failure = { place: placeOf(spec.id, disk.callCount, NO_CRASH), error }
  }
  record()
  return { calls: disk.callCount, points: [...disk.points, disk.point()], ledger, failure }
}

function imageOf(point: CrashPoint, name: string): Image {
  const image = point.image(name)
  if (image === null) throw new Error(`no image "${name}" at call ${point.moment.call}`)
  return image
}

function pointAt(points: readonly CrashPoint[], call: number): CrashPoint {
  const point = points.find(({ moment }) => moment.call === call)
  if (point === undefined) throw new Error(`no crash point at call ${call}`)
  return point
}
