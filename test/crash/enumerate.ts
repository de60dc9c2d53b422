/**
 * Cuts the power at every call of a workload, brings up every state that each cut may leave, and judges what
 * the product makes of it; then cuts the power again while it does. One run of the workload is enough,
 * because the crash disk keeps each moment. Knows nothing of what is stored: workload, recovery and check are
 * the caller's.
 */
import { CrashDisk } from '../sim/crash-disk.ts'
import type { CrashPoint } from '../sim/crash-point.ts'
import type { Image } from '../sim/disk-outcomes.ts'
import { settled } from '../sim/turn.ts'
import { Ledger } from './ledger.ts'

export interface CrashSpec<State, Entry> {
  /** Names the workload in reports and replays. */
  readonly id: string
  /** The disk to start with; an empty one without. The same each time. */
  readonly disk?: () => CrashDisk
  /** Notes what it tries before it tries it, and what was acknowledged as soon as it was. */
  workload(disk: CrashDisk, ledger: Ledger<Entry>): Promise<void>
  /** Opens the product on what a crash left, reads all there is and closes it. May write; must be deterministic. */
  recover(disk: CrashDisk): Promise<State>
  /** Throws if the state breaks a promise. `entries` is the ledger as it was when the power went. */
  check(state: State, entries: readonly Entry[]): void
  /**
   * Throws if a recovery that followed another one found something else. Asked for a power cut in and after
   * a recovery; for a killed process only after it, because what was not synced may still be lost before.
   */
  compare?: ((first: State, second: State) => void) | undefined
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
  /** `last`: power is only cut when the workload is over. Default `all`. */
  readonly points?: 'all' | 'last'
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
  /** The same, found only by a second crash during or after a recovery. */
  readonly againStates: number
  /** Recoveries after a kill, which leaves un-synced bytes in place. */
  readonly killStates: number
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
  const image = imageOf(point, place.image)
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
    spec.check(state, first.entries)
    if (place.againCall === 0) return null
    const again = pointAt(points, place.againCall)
    const second = await recoverRecorded(spec, imageOf(again, place.againImage))
    spec.check(second.state, first.entries)
    if (place.image !== 'killed' || again === points.at(-1)) spec.compare?.(state, second.state)
    return null
  } catch (error) {
    return error
  }
}

export async function enumerate<State, Entry>(
  spec: CrashSpec<State, Entry>,
  options: CrashOptions = {},
): Promise<CrashReport> {
  const run = await runWorkload(spec)
  const enumeration = new Enumeration(spec, run.ledger, options)
  const points = options.points === 'last' ? run.points.slice(-1) : run.points
  const failure = run.failure ?? (await enumeration.run(points))
  const { calls } = run
  const { images, states, againStates, killStates, recoveries, checks, isComplete } = enumeration
  return {
    workload: spec.id,
    ...{ calls, images, states, againStates, killStates, recoveries, checks, isComplete },
    failure,
  }
}

/** A distinct image and what came of it. */
interface Recovered<State> {
  readonly state: State
  /** States that a second crash led to and that nothing compares with this one: judged whenever this one is. */
  readonly again: { readonly call: number; readonly image: string; readonly state: State }[]
  /** The mark that it was last judged with. */
  mark: number
}

class Enumeration<State, Entry> {
  readonly #spec: CrashSpec<State, Entry>
  readonly #ledger: Ledger<Entry>
  readonly #againEvery: number
  readonly #killEvery: number
  readonly #samples: number
  readonly #recoveriesMax: number
  /** By identity, from first and second crashes alike: equal images are recovered once. */
  readonly #known = new Map<number, Recovered<State>>()
  /** By signature of a moment of a recovery: recoveries of many images soon do the same. */
  readonly #seconds = new Map<number, ReadonlyMap<Recovered<State>, string>>()
  /** Where it is, for the report of a failure. */
  #place: CrashPlace
  #entries: readonly Entry[] = []
  images = 0
  states = 0
  againStates = 0
  killStates = 0
  recoveries = 0
  checks = 0
  isComplete: boolean = true

  constructor(spec: CrashSpec<State, Entry>, ledger: Ledger<Entry>, options: CrashOptions) {
    this.#spec = spec
    this.#ledger = ledger
    this.#againEvery = options.againEvery ?? 1
    this.#killEvery = options.killEvery ?? 1
    this.#samples = options.samples ?? 0
    this.#recoveriesMax = options.recoveriesMax ?? Number.POSITIVE_INFINITY
    this.#place = placeOf(spec.id, 0, 'none')
  }

  async run(points: readonly CrashPoint[]): Promise<CrashFailure | null> {
    try {
      let version = -1
      let seen: ReadonlyMap<Recovered<State>, string> = new Map()
      let versions = 0
      for (const point of points) {
        this.#entries = this.#ledger.until(point.moment.mark)
        if (point.moment.version === version) {
          // The same images, but the workload knows more: judge what is known again.
          for (const [recovered, name] of seen) this.#judge(point, name, recovered)
          continue
        }
        version = point.moment.version
        versions++
        seen = await this.#crash(point)
        if (this.#killEvery > 0 && versions % this.#killEvery === 0) await this.#kill(point)
        if (!this.isComplete) return null
      }
      return null
    } catch (error) {
      return { place: this.#place, error }
    }
  }

  async #crash(point: CrashPoint): Promise<ReadonlyMap<Recovered<State>, string>> {
    const seen = new Map<Recovered<State>, string>()
    for (const image of this.#imagesOf(point)) {
      this.images++
      let recovered = this.#known.get(image.identity)
      if (recovered === undefined) {
        if (this.recoveries >= this.#recoveriesMax) {
          this.isComplete = false
          break
        }
        this.#place = placeOf(this.#spec.id, point.moment.call, image.name)
        this.states++
        const isAgain = this.#againEvery > 0 && this.states % this.#againEvery === 0
        recovered = isAgain ? await this.#recoverTwice(image) : await this.#recover(image)
      }
      if (!seen.has(recovered)) seen.set(recovered, image.name)
      this.#judge(point, image.name, recovered)
    }
    return seen
  }

  *#imagesOf(point: CrashPoint): Generator<Image> {
    yield* point.images()
    for (let index = 0; index < this.#samples; index++) {
      yield point.sample(point.moment.call * this.#samples + index)
    }
  }

  /** Only the process dies; then, in and after the next one's recovery, the machine. */
  async #kill(point: CrashPoint): Promise<void> {
    const image = point.killed()
    this.#place = placeOf(this.#spec.id, point.moment.call, image.name)
    this.killStates++
    this.recoveries++
    const { state, points } = await recoverRecorded(this.#spec, image)
    this.#check(state)
    const checked = new Set<Recovered<State>>()
    for (const next of points) {
      const isAfter = next === points.at(-1)
      for (const [recovered, name] of await this.#secondStates(next)) {
        if (checked.has(recovered) && !isAfter) continue
        checked.add(recovered)
        this.#placeAgain(next, name)
        this.#check(recovered.state)
        if (isAfter) this.#spec.compare?.(state, recovered.state)
      }
    }
  }

  async #recover(image: Image): Promise<Recovered<State>> {
    this.recoveries++
    const disk = new CrashDisk({ image })
    const state = await settled(this.#spec.recover(disk), 'the recovery')
    return this.#remember(image.identity, state)
  }

  async #recoverTwice(image: Image): Promise<Recovered<State>> {
    this.recoveries++
    const { state, points } = await recoverRecorded(this.#spec, image)
    const first = this.#remember(image.identity, state)
    const { compare } = this.#spec
    const seen = new Set<Recovered<State>>([first])
    for (const point of points) {
      for (const [recovered, name] of await this.#secondStates(point)) {
        if (seen.has(recovered)) continue
        seen.add(recovered)
        this.#placeAgain(point, name)
        this.#check(recovered.state)
        if (compare !== undefined) {
          this.#spec.compare?.(state, recovered.state)
          continue
        }
        const { call } = point.moment
        first.again.push({ call, image: name, state: recovered.state })
      }
    }
    return first
  }

  /** What becomes of every image of a moment in or after a recovery, each with the first name it goes by. */
  async #secondStates(point: CrashPoint): Promise<ReadonlyMap<Recovered<State>, string>> {
    const { signature } = point
    const known = this.#seconds.get(signature)
    if (known !== undefined) return known
    const seen = new Map<Recovered<State>, string>()
    for (const image of point.images()) {
      this.images++
      let recovered = this.#known.get(image.identity)
      if (recovered === undefined) {
        this.#placeAgain(point, image.name)
        this.againStates++
        recovered = await this.#recover(image)
      }
      if (!seen.has(recovered)) seen.set(recovered, image.name)
    }
    this.#seconds.set(signature, seen)
    return seen
  }

  #remember(identity: number, state: State): Recovered<State> {
    const recovered: Recovered<State> = { state, again: [], mark: -1 }
    this.#known.set(identity, recovered)
    return recovered
  }

  #judge({ moment: { call, mark } }: CrashPoint, image: string, recovered: Recovered<State>): void {
    if (recovered.mark === mark) return
    recovered.mark = mark
    this.#place = placeOf(this.#spec.id, call, image)
    this.#check(recovered.state)
    for (const again of recovered.again) {
      this.#place = { ...this.#place, againCall: again.call, againImage: again.image }
      this.#check(again.state)
    }
  }

  #check(state: State): void {
    this.checks++
    this.#spec.check(state, this.#entries)
  }

  #placeAgain(point: CrashPoint, image: string): void {
    const { workload, call, image: first } = this.#place
    const againCall = point.moment.call
    this.#place = { workload, call, image: first, againCall, againImage: image }
  }
}

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
): Promise<WorkloadRun<Entry>> {
  const disk = spec.disk?.() ?? new CrashDisk()
  const ledger = new Ledger<Entry>()
  disk.record(() => ledger.length)
  let failure: CrashFailure | null = null
  try {
    await settled(spec.workload(disk, ledger), `the workload ${spec.id}`)
  } catch (error) {
    failure = { place: placeOf(spec.id, disk.callCount, NO_CRASH), error }
  }
  return { calls: disk.callCount, points: [...disk.points, disk.point()], ledger, failure }
}

async function recoverRecorded<State, Entry>(
  spec: CrashSpec<State, Entry>,
  image: Image,
): Promise<{ state: State; points: readonly CrashPoint[] }> {
  const disk = new CrashDisk({ image })
  disk.record(() => 0)
  const state = await settled(spec.recover(disk), 'the recovery')
  return { state, points: [...disk.points, disk.point()] }
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
