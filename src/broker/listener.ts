/**
 * What the broker knows of a listener: a name, a port, and how to open it. Each gateway brings one;
 * the command makes its flags from them. Types only.
 */
import type { Log } from '../base/log.ts'
import type { Address, World } from '../base/ports.ts'
import type { Runtime } from './runtime.ts'

/** What a listener is opened with. */
export interface ListenerContext {
  readonly world: World
  /** Where to listen; port 0 picks a free one. */
  readonly address: Address
  readonly log: Log
  /** The broker it is a way into. */
  readonly broker: Runtime
}

/** A listener that accepts. */
export interface OpenListener {
  /** Where clients connect to, with the real port: `amqp://127.0.0.1:5672`. */
  readonly url: string
  /** Called once, when every listener is open and the ready line is out: from now on it may be heard. */
  begin(): void
  /** Stops accepting and ends the sessions it has, in good order. Idempotent. */
  close(): Promise<void>
}

/** One kind of listener, as the table of the command holds it. */
export interface ListenerKind {
  /** Lower-case letters; the flag is `--name`. */
  readonly name: string
  readonly defaultPort: number
  /** For --help: what speaks to it. */
  readonly description: string
  /** Rejects with the NetError of the listening socket. Loads the gateway only now. */
  open(context: ListenerContext): Promise<OpenListener>
}
