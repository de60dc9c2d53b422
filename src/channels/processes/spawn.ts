/**
 * One process that runs a module, with a channel each way. It ends when its module's `main` is done, when it is
 * told to, or when this program ends, however it does; its crash is its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { basename, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { deserialize } from 'node:v8'

import { NodeClock } from '../../node/clock.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeScheduler } from '../../node/scheduler.ts'
import { putTogether } from '../codec/thrown.ts'
import {
  ChannelError,
  type Ports,
  type SelectableReceiver,
  type Sendable,
  type WaitOptions,
} from '../contract.ts'
import { type Exit, SpawnCrashed, type Spawned, type SpawnOptions } from '../spawn-contract.ts'
import { SpawnEnd, SpawnedOutput } from '../spawned.ts'
import { inheritedExecArgv } from './exec-argv.ts'
import { ProcessChannel } from './process-channel.ts'
import { SpawnInput } from './spawn-input.ts'
import { type LastWords, lifelineFd, linkFd, type SpawnOrder, spawnLink } from './spawn-wiring.ts'

export interface ProcessSpawnOptions extends SpawnOptions {
  /** Default: as this process's. */
  readonly env?: Readonly<Record<string, string>>
  /** Options to node, instead of those that this process was started with. */
  readonly execArgv?: readonly string[]
  /** Time and chance, for tests. */
  readonly ports?: Ports
}

const realPorts: Ports = {
  clock: new NodeClock(),
  random: new NodeRandom(),
  scheduler: new NodeScheduler(),
}

/** What a child may say at the end. An error's text and causes fit many times; more is not ours. */
const lastWordsBytesMax = 4 * 2 ** 20

/**
 * Runs the `main` of the module (a URL, or a path from the working directory) in a process of its own. The
 * arguments are copied; `main` gets them as `self.args`. Throws `SpawnCrashed` where the system refuses.
 */
export function spawnProcess<Args, In extends Sendable, Out extends Sendable>(
  module: URL | string,
  args: Args,
  options: ProcessSpawnOptions = {},
): Spawned<In, Out> {
  const href = moduleHref(module)
  const order: SpawnOrder = { module: href, name: options.name ?? basename(href), args }
  return new SpawnedProcess<In, Out>(order, options)
}

function moduleHref(module: URL | string): string {
  if (module instanceof URL) return module.href
  return URL.canParse(module) ? module : pathToFileURL(resolve(module)).href
}

class SpawnedProcess<In extends Sendable, Out extends Sendable> implements Spawned<In, Out> {
  readonly kind = 'process'
  readonly name: string
  readonly input: SpawnInput<In>
  readonly output: SpawnedOutput<Out>
  readonly #ports: Ports
  readonly #child: ChildProcess
  readonly #end: SpawnEnd
  /** Told to end: then no way of ending is a crash. */
  #fate: 'its own' | 'ours' = 'its own'
  #lastWords: Buffer[] = []
  #lastWordsSize = 0

  constructor(order: SpawnOrder, options: ProcessSpawnOptions) {
    const { signal, ports = realPorts } = options
    signal?.throwIfAborted()
    this.name = order.name
    this.#ports = ports
    this.#end = new SpawnEnd(order.name, ports.scheduler)
    this.#child = launch(options, order.name)
    const channel = this.#connect()
    const begun = channel.put(order)
    begun.catch((error: unknown) => {
      // The arguments cannot be copied: there is nothing to begin with.
      if (error instanceof ChannelError && error.code === 'CHANNEL_MISUSE') {
        this.#over(crash(this.name, { code: 1, cause: error }))
      }
      this.#kill()
    })
    this.input = new SpawnInput(channel, begun, this.#end)
    // What it says is what its module's type promises: the wire carries no types.
    this.output = new SpawnedOutput(
      channel as SelectableReceiver<Sendable> as SelectableReceiver<Out>,
      this.#end,
    )
    const onAbort = (): void => void this.terminate()
    signal?.addEventListener('abort', onAbort, { once: true })
    void this.#end.ended.then(() => signal?.removeEventListener('abort', onAbort))
  }

  get id(): number {
    return this.#child.pid ?? 0
  }

  get exit(): Exit | null {
    return this.#end.exit
  }

  #connect(): ProcessChannel<Sendable> {
    const child = this.#child
    const socket = child.stdio[linkFd] as Socket
    const lifeline = child.stdio[lifelineFd] as Socket
    lifeline.on('error', () => undefined)
    lifeline.on('data', (bytes: Buffer) => this.#hear(bytes))
    const link = spawnLink(this.#ports, socket, 'listening')
    const channel = new ProcessChannel<Sendable>(link, {
      name: this.name,
      trace: null,
      whenFull: 'block',
      ports: this.#ports,
    })
    // The link begins when the child first speaks, or has ended: until then it may take its time to start.
    let state: 'waiting' | 'begun' = 'waiting'
    const begin = (): void => {
      if (state === 'waiting') link.start()
      state = 'begun'
    }
    socket.once('readable', begin)
    child.on('error', () => undefined)
    child.once('exit', begin)
    // After the exit and the end of every pipe: all that the child said has been heard.
    child.once('close', (code: number | null, signal: NodeJS.Signals | null) => {
      this.#over(this.#howItEnded(code, signal))
    })
    return channel
  }

  #hear(bytes: Buffer): void {
    this.#lastWordsSize += bytes.length
    if (this.#lastWordsSize <= lastWordsBytesMax) this.#lastWords.push(bytes)
  }

  #howItEnded(code: number | null, signal: NodeJS.Signals | null): Exit {
    if (this.#fate === 'ours') return { code: codeOf(code, signal), error: null }
    if (this.#lastWordsSize > 0) {
      return crash(this.name, { code: codeOf(code, signal), cause: this.#cause() })
    }
    if (signal === null) return { code: codeOf(code, signal), error: null }
    const cause = new Error(`killed by ${signal}`)
    return crash(this.name, { code: codeOf(code, signal), cause })
  }

  #cause(): unknown {
    try {
      const { thrown } = deserialize(Buffer.concat(this.#lastWords)) as LastWords
      return putTogether(thrown)
    } catch {
      // Longer than we bear, or cut off by the death itself.
      return new Error('an error that could not be told')
    }
  }

  #over(exit: Exit): void {
    this.#lastWords = []
    this.#end.over(exit)
  }

  #kill(): void {
    this.#child.kill('SIGKILL')
  }

  join(options: WaitOptions = {}): Promise<Exit> {
    return this.#end.join(options)
  }

  terminate(): Promise<Exit> {
    if (this.#end.exit === null) {
      this.#fate = 'ours'
      this.#kill()
    }
    return this.#end.ended
  }

  close(options?: WaitOptions): Promise<Exit> {
    this.input.close()
    return this.join(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function launch(options: ProcessSpawnOptions, name: string): ChildProcess {
  const script = fileURLToPath(new URL('./spawn-process-main.js', import.meta.url))
  const execArgv = options.execArgv ?? inheritedExecArgv(process.execArgv)
  const child = spawn(process.execPath, [...execArgv, script], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    windowsHide: true,
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
  })
  if (child.pid !== undefined) return child
  child.on('error', () => undefined)
  throw new SpawnCrashed(name, { cause: new Error('the system makes no more processes') })
}

function crash(name: string, end: { readonly code: number; readonly cause: unknown }): Exit {
  return { code: end.code, error: new SpawnCrashed(name, { cause: end.cause }) }
}

/** As a shell has it: 128 and the number of the signal. */
function codeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal]
}
