/**
 * The two windows of a link: what the other side allows us to have under way, and what we allow it. Values and
 * bytes are counted together; a value may be sent while neither count is used up, so the last one may exceed
 * the bytes and no value is ever too large for what is left.
 */
import { Fault } from '../../base/fault.ts'
import { HEAD_SIZE, readU32 } from './frame.ts'
import type { LinkLimits } from './limits.ts'

const CREDIT_SIZE = 8
const NOTHING: LinkLimits = { windowMessages: 0, windowBytes: 0, messageBytesMax: 0, silenceMs: 0 }

/** What we have sent, against what the other side takes. Closed until its hello has come. */
export class SendWindow {
  limits: LinkLimits = NOTHING
  /** Values, and bytes of their frames, that the other side's program has not been seen to receive. */
  messages = 0
  bytes = 0

  get open(): boolean {
    return this.messages < this.limits.windowMessages && this.bytes < this.limits.windowBytes
  }

  sent(frameBytes: number): void {
    this.messages++
    this.bytes += frameBytes
  }

  /** The other side's program has received some. Throws a Fault where it says more than there were. */
  credited(body: Uint8Array): void {
    if (body.length !== CREDIT_SIZE) throw new Fault('credit', `a credit of ${body.length} bytes`)
    const messages = readU32(body, 0)
    const bytes = readU32(body, 4)
    if (messages > this.messages || bytes > this.bytes) {
      const said = `${messages} values of ${bytes} bytes`
      throw new Fault('credit', `${said} received, of ${this.messages} of ${this.bytes} under way`)
    }
    this.messages -= messages
    this.bytes -= bytes
  }
}

/** How things stand in the inbox: frame bytes of all values that ever arrived and that left it, and those inside. */
export interface Arrivals {
  readonly ready: number
  readonly arrivedBytes: number
  readonly takenBytes: number
}

/** What the other side has sent, against what we take. */
export class ReceiveWindow {
  readonly #limits: LinkLimits
  readonly #arrivals: Arrivals
  /** Values that our program has received and the other side does not know of. */
  messages = 0
  /** Of `takenBytes`, what the other side knows of. */
  #creditedBytes = 0

  constructor(limits: LinkLimits, arrivals: Arrivals) {
    this.#limits = limits
    this.#arrivals = arrivals
  }

  /** Throws a Fault where there is more than the other side was allowed to send. */
  check(): void {
    const { windowMessages, windowBytes, messageBytesMax } = this.#limits
    const messages = this.#arrivals.ready + this.messages
    const bytes = this.#arrivals.arrivedBytes - this.#creditedBytes
    if (messages <= windowMessages && bytes <= windowBytes + messageBytesMax + HEAD_SIZE) return
    throw new Fault('window', `${messages} values of ${bytes} bytes, more than the window takes`)
  }

  received(): void {
    this.messages++
  }

  /**
   * Whether the other side should hear of what was received: when that is a quarter of the window, or when nothing
   * waits here, because then the other side may be waiting for just that.
   */
  get due(): boolean {
    if (this.messages === 0) return false
    if (this.#arrivals.ready === 0) return true
    const { windowMessages, windowBytes } = this.#limits
    return this.messages >= windowMessages >> 2 || this.#owedBytes >= windowBytes >> 2
  }

  /** Takes what the other side is about to hear of: values and bytes. */
  take(): { readonly messages: number; readonly bytes: number } {
    const { messages } = this
    const bytes = this.#owedBytes
    this.messages = 0
    this.#creditedBytes += bytes
    return { messages, bytes }
  }

  get #owedBytes(): number {
    return this.#arrivals.takenBytes - this.#creditedBytes
  }
}
