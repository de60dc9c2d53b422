/**
 * The socket of a load client: connects to TCP or a Unix socket, reads into one buffer for ever, hands bytes
 * to whoever reads at the moment (a handshake first, the counting reader later). It knows no protocol.
 */
import { connect, type Socket } from 'node:net'
import type { Address } from '../../src/base/ports.ts'

/** Thrown when the peer goes away while operations are unacknowledged. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost'
  readonly code = 'BENCH_LINK_LOST'
}

/** The bytes are the reader's for the call only. */
export type LinkReader = (bytes: Uint8Array) => void

const READ_BUFFER_SIZE: number = 64 * 1024 // what one read of a loopback socket returns at most

export class Link implements AsyncDisposable {
  readonly #socket: Socket
  #reader: LinkReader | null = null
  /** Bytes that came while nobody read; given to the next reader first. */
  #unread: Uint8Array[] = []
  #onDrain: () => void = () => {}
  #onLost: (error: LinkLost) => void = () => {}
  /** Why it can no longer be used; `null` while it can. */
  #lost: LinkLost | null = null

  private constructor(address: Address) {
    const place =
      address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
    const onread = {
      buffer: Buffer.allocUnsafe(READ_BUFFER_SIZE),
      callback: (size: number, buffer: Uint8Array): boolean => {
        this.#read(buffer.subarray(0, size))
        return true
      },
    }
    this.#socket = connect({ ...place, noDelay: true, onread })
    this.#socket.on('drain', () => this.#onDrain())
  }

  static async connect(address: Address): Promise<Link> {
    const link = new Link(address)
    await new Promise<void>((resolve, reject) => {
      link.#socket.once('connect', resolve)
      link.#socket.once('error', reject)
    })
    link.#socket.on('error', (error) => link.#lose(error.message))
    link.#socket.on('close', () => link.#lose('the peer closed the connection'))
    return link
  }

  /** From now on bytes go to this reader, those that are waiting first. */
  read(reader: LinkReader): void {
    this.#reader = reader
    const waiting = this.#unread
    this.#unread = []
    for (const bytes of waiting) this.#read(bytes)
  }

  /** A reader has what it wanted, and gives back what lies behind it: for the next reader. */
  unread(bytes: Uint8Array): void {
    this.#reader = null
    if (bytes.length > 0) this.#unread.push(bytes.slice())
  }

  /** Who is told, once, that the link is lost: at once if it is lost already. */
  onLost(tell: (error: LinkLost) => void): void {
    this.#onLost = tell
    if (this.#lost !== null) tell(this.#lost)
  }

  /** Who is told when a `write` that answered `full` has left. */
  onDrain(tell: () => void): void {
    this.#onDrain = tell
  }

  write(bytes: Uint8Array): 'room' | 'full' {
    return this.#socket.write(bytes) ? 'room' : 'full'
  }

  /** Bytes that no system call has taken yet. */
  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  async close(): Promise<void> {
    this.#onLost = () => {}
    if (this.#socket.closed) return
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve())
      this.#socket.destroy()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #read(bytes: Uint8Array): void {
    if (this.#reader === null) this.#unread.push(bytes.slice())
    else this.#reader(bytes)
  }

  #lose(why: string): void {
    if (this.#lost !== null) return
    this.#lost = new LinkLost(why)
    this.#onLost(this.#lost)
  }
}
