/**
 * What recoveries make of disks that lost power. Each image is recovered once, however many workloads lead to it,
 * because a recovery sees nothing but its disk. Remembers, and crashes recoveries again; never judges by a ledger.
 */
import { CrashDisk } from '../sim/crash-disk.ts'
import type { CrashPoint } from '../sim/crash-point.ts'
import type { Image } from '../sim/disk-outcomes.ts'
import { settled } from '../sim/turn.ts'

export interface RecoverySpec<State> {
  /**
   * Opens the product on what a crash left, reads all there is and closes it. May write; must be deterministic.
   * States are the same when their JSON is.
   */
  recover(disk: CrashDisk): Promise<State>
  /**
   * Throws if a recovery that followed another one found something else. Asked for a power cut in and after
   * a recovery; for a killed process only after it, because what was not synced may still be lost before.
   */
  compare?: ((first: State, second: State) => void) | undefined
}

/** Where the power went again: the call of the recovery, and what that left. */
export interface AgainPlace {
  readonly call: number
  readonly image: string
}

/** What came of an image: one object for all images that came to the same. */
export interface Outcome<State> {
  readonly state: State
  /** Other states that a second crash led to: judged whenever the first one is. */
  readonly again: readonly { readonly place: AgainPlace; readonly state: State }[]
}

/** Images, or moments, that are remembered before all are forgotten: about 200 MB. */
const REMEMBERED_MAX = 2 ** 21

export class Recoveries<State> {
  readonly #spec: RecoverySpec<State>
  readonly #states = new Map<string, Outcome<State>>()
  /** By identity, from first and second crashes alike. */
  readonly #once = new Map<number, Outcome<State>>()
  /** By identity: those whose recovery was crashed at every call. */
  readonly #twice = new Map<number, Outcome<State>>()
  /** By signature of a moment of a recovery: recoveries of many images soon do the same. */
  readonly #seconds = new Map<number, ReadonlyMap<Outcome<State>, string>>()
  /** By signature of the moment of the kill. */
  readonly #kills = new Map<number, Outcome<State>>()
  recoveries = 0
  /** Images drawn at second crashes, equal ones included. */
  images = 0
  /** Images that a second crash led to before any first one did. */
  againStates = 0
  /** Where it is when it throws; `null` for a recovery that nothing interrupts. */
  place: AgainPlace | null = null

  constructor(spec: RecoverySpec<State>) {
    this.#spec = spec
  }

  knows({ identity }: Image): boolean {
    return this.#once.has(identity)
  }

  /** Lets it recover in peace. */
  async once(image: Image): Promise<Outcome<State>> {
    const known = this.#once.get(image.identity)
    if (known !== undefined) return known
    this.recoveries++
    const disk = new CrashDisk({ image, history: 'none' })
    const state = await settled(this.#spec.recover(disk), 'the recovery')
    return this.#found(image, state)
  }

  /** Cuts the power again at every call of its recovery. */
  async twice(image: Image): Promise<Outcome<State>> {
    const known = this.#twice.get(image.identity)
    if (known !== undefined) return known
    this.recoveries++
    const { state, points } = await recoverRecorded(this.#spec, image)
    const outcome = await this.#crashAgain(this.#found(image, state), points, 'at every call')
    this.#remember(this.#twice, image.identity, outcome)
    return outcome
  }

  /** Only the process dies at this moment; then, in and after the next one's recovery, the machine. */
  async killed(point: CrashPoint): Promise<Outcome<State>> {
    const { signature } = point
    const known = this.#kills.get(signature)
    if (known !== undefined) return known
    this.recoveries++
    const { state, points } = await recoverRecorded(this.#spec, point.killed())
    const outcome = await this.#crashAgain(this.#outcomeOf(state), points, 'at the end')
    this.#remember(this.#kills, signature, outcome)
    return outcome
  }

  async #crashAgain(
    first: Outcome<State>,
    points: readonly CrashPoint[],
    compared: 'at every call' | 'at the end',
  ): Promise<Outcome<State>> {
    const seen = new Set<Outcome<State>>([first])
    const again: { place: AgainPlace; state: State }[] = []
    for (const point of points) {
      const isCompared = compared === 'at every call' || point === points.at(-1)
      for (const [second, image] of await this.#secondsOf(point)) {
        if (second === first) continue
        const place = { call: point.moment.call, image }
        this.place = place
        if (isCompared) this.#spec.compare?.(first.state, second.state)
        if (seen.has(second)) continue
        seen.add(second)
        again.push({ place, state: second.state })
      }
    }
    this.place = null
    return again.length === 0 ? first : { state: first.state, again }
  }

  /** What becomes of every image of a moment in or after a recovery, each with the first name it goes by. */
  async #secondsOf(point: CrashPoint): Promise<ReadonlyMap<Outcome<State>, string>> {
    const { signature } = point
    const known = this.#seconds.get(signature)
    if (known !== undefined) return known
    const seen = new Map<Outcome<State>, string>()
    for (const image of point.images()) {
      this.images++
      let outcome = this.#once.get(image.identity)
      if (outcome === undefined) {
        this.place = { call: point.moment.call, image: image.name }
        this.againStates++
        outcome = await this.once(image)
      }
      if (!seen.has(outcome)) seen.set(outcome, image.name)
    }
    this.#remember(this.#seconds, signature, seen)
    return seen
  }

  #found({ identity }: Image, state: State): Outcome<State> {
    const outcome = this.#outcomeOf(state)
    const before = this.#once.get(identity)
    if (before === undefined) this.#remember(this.#once, identity, outcome)
    else if (before !== outcome) throw new Error('one disk, recovered twice, held two states')
    return outcome
  }

  #outcomeOf(state: State): Outcome<State> {
    const key = JSON.stringify(state)
    let outcome = this.#states.get(key)
    if (outcome === undefined) {
      outcome = { state, again: [] }
      this.#states.set(key, outcome)
    }
    return outcome
  }

  #remember<Value>(values: Map<number, Value>, key: number, value: Value): void {
    if (values.size >= REMEMBERED_MAX) {
      for (const map of [this.#states, this.#once, this.#twice, this.#seconds, this.#kills]) {
        map.clear()
      }
    }
    values.set(key, value)
  }
}

/** The same with a crash point for each call. */
export async function recoverRecorded<State>(
  spec: RecoverySpec<State>,
  image: Image,
): Promise<{ readonly state: State; readonly points: readonly CrashPoint[] }> {
  const disk = new CrashDisk({ image })
  disk.record(() => 0)
  const state = await settled(spec.recover(disk), 'the recovery')
  return { state, points: [...disk.points, disk.point()] }
}
