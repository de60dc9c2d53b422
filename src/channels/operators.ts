/**
 * Operators turn receivers into receivers, with back-pressure: each is a loop that takes one value, works on
 * it, and waits until its own receiver has taken the result. What ends the source ends the operator, an error
 * with the same error; closing the operator stops the loop.
 */
import { untilAborted } from '../base/abort.ts'
import { Ring } from '../base/ring.ts'
import { ChannelClosed, ChannelMisuse, type Receiver, type Sendable } from './contract.ts'
import { type Plan, type Stage, StageChannel, type StageOptions, take } from './stage.ts'

/** Each value replaced by what `transform` makes of it, one at a time and in order. */
export function map<T extends Sendable, U extends Sendable>(
  source: Receiver<T>,
  transform: (value: T) => U | Promise<U>,
  plan: Plan<StageOptions>,
): Stage<U> {
  const stage = new StageChannel<U>(plan)
  void stage.follow([source], async () => {
    for (;;) {
      const value = await take(source, { signal: stage.stopped })
      if (value === undefined) return
      await stage.put(await transform(value))
    }
  })
  return stage
}

/** The values that `accept` says yes to. */
export function filter<T extends Sendable>(
  source: Receiver<T>,
  accept: (value: T) => boolean | Promise<boolean>,
  plan: Plan<StageOptions>,
): Stage<T> {
  const stage = new StageChannel<T>(plan)
  void stage.follow([source], async () => {
    for (;;) {
      const value = await take(source, { signal: stage.stopped })
      if (value === undefined) return
      if (await accept(value)) await stage.put(value)
    }
  })
  return stage
}

export interface BatchOptions extends StageOptions {
  /** A batch is complete with so many values, */
  readonly count: number
  /** or so long after its first value came; never by time unless told. */
  readonly withinMs?: number
}

/** Values gathered into arrays. What is gathered when the source ends or fails is the last batch. */
export function batch<T extends Sendable>(
  source: Receiver<T>,
  plan: Plan<BatchOptions>,
): Stage<readonly T[]> {
  checkCount('a batch', plan.count)
  checkMs('withinMs', plan.withinMs ?? 0)
  const stage = new StageChannel<readonly T[]>(plan)
  void stage.follow([source], async () => {
    for (;;) {
      const first = await take(source, { signal: stage.stopped })
      if (first === undefined) return
      await stage.put(await gather(source, first, { ...plan, signal: stage.stopped }))
    }
  })
  return stage
}

/** Fills a batch. If the source ends meanwhile, whoever asks it next finds out how. */
async function gather<T extends Sendable>(
  source: Receiver<T>,
  first: T,
  plan: Plan<BatchOptions> & { readonly signal: AbortSignal },
): Promise<readonly T[]> {
  const { clock } = plan.ports
  const values = [first]
  const untilMs = clock.monotonicMs() + (plan.withinMs ?? Number.POSITIVE_INFINITY)
  try {
    while (values.length < plan.count) {
      const timeoutMs = Math.max(0, untilMs - clock.monotonicMs())
      const value = await take(source, { signal: plan.signal, timeoutMs })
      if (value === undefined) break
      values.push(value)
    }
  } catch {
    // Out of time, or the source failed: what is gathered goes on all the same.
  }
  return values
}

export interface ThrottleOptions extends StageOptions {
  /** At most so many values */
  readonly count: number
  /** in any stretch of so many milliseconds. */
  readonly perMs: number
}

/** The same values, slowed down: none is lost, the source waits. */
export function throttle<T extends Sendable>(
  source: Receiver<T>,
  plan: Plan<ThrottleOptions>,
): Stage<T> {
  checkCount('a throttle', plan.count)
  checkMs('perMs', plan.perMs)
  const { clock, scheduler } = plan.ports
  const stage = new StageChannel<T>(plan)
  /** When the last values were taken, oldest first. Invariant: never more than `count`. */
  const takenMs = new Ring<number>()
  void stage.follow([source], async () => {
    for (;;) {
      // The wait comes first, so that no value is in hand meanwhile.
      const waitMs =
        takenMs.size < plan.count ? 0 : takenMs.at(0) + plan.perMs - clock.monotonicMs()
      if (waitMs > 0) {
        await untilAborted<void>(stage.stopped, (resolve) => {
          const timer = scheduler.after(waitMs, () => resolve())
          return () => timer.cancel()
        })
      }
      const value = await take(source, { signal: stage.stopped })
      if (value === undefined) return
      await stage.put(value)
      if (takenMs.size === plan.count) takenMs.shift()
      takenMs.push(clock.monotonicMs())
    }
  })
  return stage
}

/**
 * The values of all sources as they come, each source's in its order. Ends when the last one ends, fails when
 * the first one fails.
 */
export function merge<T extends Sendable>(
  sources: readonly Receiver<T>[],
  plan: Plan<StageOptions>,
): Stage<T> {
  const stage = new StageChannel<T>(plan)
  const drain = async (source: Receiver<T>): Promise<void> => {
    for (;;) {
      const value = await take(source, { signal: stage.stopped })
      if (value === undefined) return
      await stage.put(value)
    }
  }
  void stage.follow(sources, async () => {
    await Promise.all(sources.map(drain))
  })
  return stage
}

export interface TeeOptions<Count extends number = number> extends StageOptions {
  /** How many receivers; 2 unless told. */
  readonly branches?: Count
}

/** So many stages; an array where the number is not known to the compiler. */
export type Branches<T extends Sendable, Count extends number> = number extends Count
  ? readonly Stage<T>[]
  : Repeated<Stage<T>, Count, readonly []>

type Repeated<
  Item,
  Count extends number,
  Items extends readonly Item[],
> = Items['length'] extends Count ? Items : Repeated<Item, Count, readonly [...Items, Item]>

/** Every value to every branch: the slowest sets the pace. A closed branch holds nobody up any more. */
export function tee<T extends Sendable, Count extends number = 2>(
  source: Receiver<T>,
  plan: Plan<TeeOptions<Count>>,
): Branches<T, Count> {
  const length = plan.branches ?? 2
  checkCount('a tee', length)
  const branches = Array.from({ length }, () => new StageChannel<T>(plan))
  const deserted = new AbortController()
  for (const branch of branches) {
    branch.stopped.addEventListener('abort', () => {
      if (branches.every(({ closed }) => closed)) deserted.abort()
    })
  }
  const loop = async (): Promise<void> => {
    for (;;) {
      const value = await take(source, { signal: deserted.signal })
      if (value === undefined) return
      await Promise.all(branches.map((branch) => putUnlessClosed(branch, value)))
    }
  }
  const looping = loop()
  for (const branch of branches) void branch.follow([source], () => looping)
  // As many as were asked for, which the compiler cannot count.
  return branches as readonly Stage<T>[] as Branches<T, Count>
}

async function putUnlessClosed<T extends Sendable>(
  branch: StageChannel<T>,
  value: T,
): Promise<void> {
  try {
    await branch.put(value)
  } catch (error) {
    if (!(error instanceof ChannelClosed)) throw error
  }
}

function checkCount(what: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return
  throw new ChannelMisuse(`${what} has a whole number from 1, not ${count}`)
}

function checkMs(name: string, ms: number): void {
  if (ms >= 0) return
  throw new ChannelMisuse(`${name} is a number of milliseconds from 0, not ${ms}`)
}
