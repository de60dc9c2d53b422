/**
 * A stage is the output of an operator: a channel that a loop fills from a source. It passes on how its
 * source ended, and stops the loop when it is closed itself. A stage that is the source of another belongs to
 * it and is closed with it; any other source is left alone.
 */
import { AbortHub } from './abort-hub.ts'
import { Channel } from './channel.ts'
import type { ChannelEvent, ChannelStats } from './channel-options.ts'
import {
  ChannelClosed,
  type Ending,
  type Ports,
  type Receiver,
  type SelectableReceiver,
  type Sendable,
  type WaitOptions,
} from './contract.ts'

/** What an operator answers with. Closing it ends the operator; a value on its way through is lost then. */
export interface Stage<T extends Sendable> extends SelectableReceiver<T>, AsyncDisposable {
  close(ending?: Ending): void
  stats(): ChannelStats
}

export interface StageOptions {
  /** Values that may wait here for a slow receiver; 0 unless told, so that a stage holds one value at most. */
  readonly capacity?: number
  /** Ends the operator: receivers get the signal's reason. */
  readonly signal?: AbortSignal
  /** For people: what the trace and the errors call it. */
  readonly name?: string
  /** As for a channel: told of every value that goes in here and comes out. */
  readonly trace?: (event: ChannelEvent<Sendable>) => void
}

/** The options of an operator, and the part of the world that it runs in. */
export type Plan<Options> = Options & { readonly ports: Ports }

export class StageChannel<T extends Sendable> extends Channel<T> implements Stage<T> {
  readonly #stop: AbortController = new AbortController()
  readonly #hub: AbortHub | null

  constructor(plan: Plan<StageOptions>) {
    const { capacity = 0, name = 'stage', signal, trace, ports } = plan
    super({ capacity, name, ...(trace === undefined ? {} : { trace }) }, ports)
    this.#hub = signal === undefined || signal.aborted ? null : AbortHub.of(signal)
    this.#hub?.enter(this)
    if (signal?.aborted === true) this.aborted(signal.reason)
  }

  /** Fires when the stage is closed, by whomever: then its loop stops waiting. */
  get stopped(): AbortSignal {
    return this.#stop.signal
  }

  aborted(reason: unknown): void {
    this.fail(toError(reason))
  }

  override close(ending?: Ending): void {
    super.close(ending)
    this.#hub?.leave(this)
    this.#stop.abort()
  }

  /** Runs the operator's loop, and ends the stage as the loop ended. */
  async follow(sources: readonly Receiver<Sendable>[], loop: () => Promise<void>): Promise<void> {
    try {
      await loop()
      this.close()
    } catch (error) {
      this.fail(toError(error))
    }
    for (const source of sources) if (source instanceof StageChannel) source.close('now')
  }
}

/** The next value; `undefined` when the source was closed and all is received. */
export async function take<T extends Sendable>(
  source: Receiver<T>,
  options: WaitOptions,
): Promise<T | undefined> {
  const value = source.tryGet()
  if (value !== undefined) return value
  try {
    return await source.get(options)
  } catch (error) {
    if (error instanceof ChannelClosed) return undefined
    throw error
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('aborted', { cause: error })
}
