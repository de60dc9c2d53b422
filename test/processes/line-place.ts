/** A line listener in a world in memory, with a queue and clients that a test moves by hand. */
import type { ConnectionHandler } from '../../src/base/ports.ts'
import { type LineListener, openLineListener } from '../../src/gateway/line/listener.ts'
import type { LineMessage } from '../../src/gateway/line/message.ts'
import type { LineOptions } from '../../src/gateway/line/options.ts'
import type { LineSink } from '../../src/gateway/line/sink.ts'
import { type MemoryConnection, MemoryWorld, type Weather } from './memory-world.ts'

export const ADDRESS = { kind: 'tcp', host: '127.0.0.1', port: 1 } as const

/** A queue that a test empties by hand. */
class Shelf implements LineSink {
  readonly acknowledges: 'durable' | 'never'
  readonly messages: LineMessage[] = []
  readonly #capacity: number
  #waiting: (() => void)[] = []
  #ticket = 0
  #acks: { resolve: () => void; reject: (error: Error) => void }[] = []
  closed = false
  inside = 0

  constructor(capacity: number, acknowledges: 'durable' | 'never') {
    this.#capacity = capacity
    this.acknowledges = acknowledges
  }

  offer(message: LineMessage): number | 'full' | 'closed' {
    if (this.closed) return 'closed'
    if (this.inside >= this.#capacity) return 'full'
    return this.#take(message)
  }

  put(message: LineMessage, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== go)
        reject(new Error('given up'))
      }
      const go = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve(this.#take(message))
      }
      this.#waiting.push(go)
      signal.addEventListener('abort', giveUp)
    })
  }

  acked(): Promise<void> {
    return new Promise((resolve, reject) => this.#acks.push({ resolve, reject }))
  }

  /** Takes `count` out, and lets the next ones in. */
  receive(count: number): void {
    this.inside -= count
    for (const go of this.#waiting.splice(0, count)) go()
  }

  commit(): void {
    for (const { resolve } of this.#acks.splice(0)) resolve()
  }

  fail(): void {
    for (const { reject } of this.#acks.splice(0)) reject(new Error('the disk is gone'))
  }

  #take(message: LineMessage): number {
    this.messages.push(message)
    this.inside++
    return this.#ticket++
  }
}

/** A client that keeps what it is told. */
class Client implements ConnectionHandler {
  readonly connection: MemoryConnection
  told = ''
  toldEnd = false
  gone = false

  constructor(connection: MemoryConnection) {
    this.connection = connection
    connection.start(this)
  }

  data(bytes: Uint8Array): void {
    this.told += Buffer.from(bytes).toString()
  }

  ended(): void {
    this.toldEnd = true
  }

  drained(): void {
    // Tests write little.
  }

  closed(): void {
    this.gone = true
  }

  send(text: string | Uint8Array): void {
    this.connection.write(Buffer.from(text as string))
  }
}

interface Place {
  readonly world: MemoryWorld
  readonly shelf: Shelf
  readonly listener: LineListener
  client(): Promise<Client>
}

export async function place(
  options: LineOptions = {},
  chosen: { capacity?: number; weather?: Weather; durable?: boolean } = {},
): Promise<Place> {
  const world = new MemoryWorld(1, chosen.weather ?? 'whole')
  const shelf = new Shelf(
    chosen.capacity ?? Number.POSITIVE_INFINITY,
    chosen.durable === true ? 'durable' : 'never',
  )
  const listener = await openLineListener({ world, address: ADDRESS, sink: shelf, options })
  const client = async (): Promise<Client> =>
    new Client((await world.connect(ADDRESS)) as MemoryConnection)
  return { world, shelf, listener, client }
}
