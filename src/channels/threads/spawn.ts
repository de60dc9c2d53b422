/**
 * One thread that runs a module, with a channel each way. It ends when its module's `main` is done, when it is
 * told to, or when this thread ends; its crash is its own.
 */
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { Sendable, WaitOptions } from '../contract.ts'
import { type Exit, SpawnCrashed, type Spawned, type SpawnOptions } from '../spawn-contract.ts'
import { SpawnEnd, SpawnedOutput } from '../spawned.ts'
import type { ThreadChannelHandle } from './channel-handle.ts'
import { scheduler } from './desk.ts'
import { life } from './life.ts'
import { ThreadInput } from './spawn-thread-input.ts'
import { ThreadChannel } from './thread-channel.ts'

export interface ThreadSpawnOptions extends SpawnOptions {
  /** Bounds of the thread's heap and stack; Node's own unless told. A thread that breaks them has crashed. */
  readonly resourceLimits?: ResourceLimits
  /** Size of each of the two rings, as for a thread channel. */
  readonly ringBytes?: number
}

/** What a spawned thread is told at its start. */
export interface ThreadOrder {
  readonly module: string
  readonly name: string
  readonly args: unknown
  readonly input: ThreadChannelHandle
  readonly output: ThreadChannelHandle
}

/**
 * Runs the `main` of the module (a URL, or a path from the working directory) in a thread of its own. The
 * arguments are copied; `main` gets them as `self.args`.
 */
export function spawnThread<Args, In extends Sendable, Out extends Sendable>(
  module: URL | string,
  args: Args,
  options: ThreadSpawnOptions = {},
): Spawned<In, Out> {
  options.signal?.throwIfAborted()
  const href = moduleHref(module)
  return new SpawnedThread<In, Out>(
    { module: href, args, name: options.name ?? basename(href) },
    options,
  )
}

function moduleHref(module: URL | string): string {
  if (module instanceof URL) return module.href
  return URL.canParse(module) ? module : pathToFileURL(resolve(module)).href
}

class SpawnedThread<In extends Sendable, Out extends Sendable> implements Spawned<In, Out> {
  readonly kind = 'thread'
  readonly name: string
  readonly id: number
  readonly input: ThreadInput<In>
  readonly output: SpawnedOutput<Out>
  /** Both ways, to be closed when it has ended. */
  readonly #channels: { readonly input: ThreadChannel<In>; readonly output: ThreadChannel<Out> }
  readonly #worker: Worker
  readonly #end: SpawnEnd
  /** What it died of, between the error and the end. */
  #error: SpawnCrashed | null = null

  constructor(what: Pick<ThreadOrder, 'module' | 'args' | 'name'>, options: ThreadSpawnOptions) {
    const { signal, resourceLimits } = options
    const shape = options.ringBytes === undefined ? {} : { ringBytes: options.ringBytes }
    const input = ThreadChannel.create<In>({ ...shape, name: `input of ${what.name}` })
    const output = ThreadChannel.create<Out>({ ...shape, name: `output of ${what.name}` })
    const receives = input.keepPlace('receiver')
    const sends = output.keepPlace('sender')
    const order: ThreadOrder = { ...what, input: receives.handle, output: sends.handle }
    this.name = what.name
    this.#worker = new Worker(new URL('./spawn-thread-main.js', import.meta.url), {
      workerData: order,
      name: what.name,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    })
    this.id = this.#worker.threadId
    life.follow(this.#worker)
    receives.isFor(this.id)
    sends.isFor(this.id)
    this.#end = new SpawnEnd(what.name, scheduler)
    this.input = new ThreadInput(input, this.#end)
    this.output = new SpawnedOutput(output, this.#end)
    this.#channels = { input, output }
    this.#worker.once('error', (error: unknown) => {
      this.#error = new SpawnCrashed(this.name, { cause: error })
    })
    this.#worker.once('exit', (code) => this.#over(code))
    const onAbort = (): void => void this.terminate()
    signal?.addEventListener('abort', onAbort, { once: true })
    void this.#end.ended.then(() => signal?.removeEventListener('abort', onAbort))
  }

  get exit(): Exit | null {
    return this.#end.exit
  }

  join(options: WaitOptions = {}): Promise<Exit> {
    return this.#end.join(options)
  }

  async terminate(): Promise<Exit> {
    if (this.#end.exit === null) await this.#worker.terminate()
    return this.#end.ended
  }

  close(options?: WaitOptions): Promise<Exit> {
    this.input.close()
    return this.join(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #over(code: number): void {
    this.#end.over({ code, error: this.#error })
    this.#channels.input.close('now')
    this.#channels.output.close()
  }
}
