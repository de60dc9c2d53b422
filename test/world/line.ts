/**
 * A client's end of a simulated connection: what it sends goes out as it is, what it hears is collected until it is
 * asked for. It knows no protocol; it ends when the peer, the network or the client ends it.
 */
import { type Connection, NetError } from '../../src/base/ports.ts'
import type { Session } from './session.ts'

/** The connection is over: what was under way on it may have been done or not. */
export class Cut extends Error {
  override readonly name = 'Cut'
}

/** Cuts whole frames from the head of what was heard; answers how many bytes it took, 0 for none. */
export type Taker = (bytes: Uint8Array) => number

export class Line {
  readonly #connection: Connection
  readonly #take: Taker
  #rest = new Uint8Array(0)
  #isOver = false
  #wake: (() => void)[] = []

  private constructor(connection: Connection, take: Taker) {
    this.#connection = connection
    this.#take = take
    connection.start({
      data: (bytes) => this.#hear(bytes),
      ended: () => this.cut(),
      drained: () => undefined,
      closed: () => this.#end(),
    })
  }

  /** null: nobody listens there now. */
  static async open(session: Session, port: number, take: Taker): Promise<Line | null> {
    try {
      const address = { kind: 'tcp', host: '127.0.0.1', port } as const
      return new Line(await session.until(session.net.connect(address)), take)
    } catch (error) {
      if (error instanceof NetError) return null
      throw error
    }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  send(bytes: Uint8Array): void {
    this.#connection.write(bytes)
  }

  /** Gone from one moment to the next, with whatever is under way. */
  cut(): void {
    this.#connection.destroy()
    this.#end()
  }

  /** Waits until something was heard; throws Cut when nothing will be any more. */
  async news(session: Session): Promise<void> {
    if (this.#isOver) throw new Cut('the connection is over')
    await session.until(
      new Promise<void>((resolve) => {
        this.#wake.push(resolve)
      }),
    )
    if (this.#isOver) throw new Cut('the connection is over')
  }

  #hear(bytes: Uint8Array): void {
    if (this.#isOver) return
    const all = new Uint8Array(this.#rest.length + bytes.length)
    all.set(this.#rest)
    all.set(bytes, this.#rest.length)
    let at = 0
    for (;;) {
      const taken = this.#take(all.subarray(at))
      if (taken === 0) break
      at += taken
    }
    this.#rest = all.slice(at)
    if (at > 0) this.#tell()
  }

  #end(): void {
    this.#isOver = true
    this.#tell()
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = []
    for (const each of wake) each()
  }
}
