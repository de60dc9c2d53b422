/**
 * A door is a listening socket for links: it hears who comes, lets in whom it may, and hands over each link at
 * the moment it is open. Links that are open are not its business any more.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

import type { Address, Connection, Listener } from '../../base/ports.ts'
import { ChannelMisuse } from '../contract.ts'
import { checkAddress } from './address.ts'
import type { Hello } from './hello.ts'
import { Link } from './link.ts'
import { nobody } from './link-user.ts'
import type { ProcessWorld } from './world.ts'

/** Connections that have not yet said who they are. More are dropped unheard. */
const greetingsMax = 256 // each costs some 10 KiB and leaves within the greeting's time

export interface DoorOptions {
  readonly world: ProcessWorld
  readonly address: Address
  readonly hello: Hello
  /** Why nobody may come in right now, or `null`. */
  readonly full: () => string | null
  readonly onOpen: (link: Link) => void
}

export class Door {
  readonly #options: DoorOptions
  readonly #greeting = new Set<Link>()
  readonly #listener: Listener
  #closing: Promise<void> | null = null

  private constructor(options: DoorOptions, listener: Listener) {
    this.#options = options
    this.#listener = listener
  }

  static async open(options: DoorOptions): Promise<Door> {
    checkAddress(options.address)
    checkTrust(options.address, options.hello.token)
    let door: Door | null = null
    // Whoever comes before we know our own address waits for that moment.
    const early: Connection[] = []
    const listener = await options.world.net.listen(options.address, (connection) => {
      if (door === null) early.push(connection)
      else door.#accept(connection)
    })
    door = new Door(options, listener)
    for (const connection of early) door.#accept(connection)
    return door
  }

  get address(): Address {
    return this.#listener.address
  }

  /** Lets nobody in any more. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closed = this.#listener.close()
    for (const link of this.#greeting) link.destroy()
    await closed
  }

  #accept(connection: Connection): void {
    if (this.#closing !== null || this.#greeting.size >= greetingsMax) {
      connection.destroy()
      return
    }
    const { world, hello } = this.#options
    const link: Link = new Link({
      ports: world,
      connection,
      hello,
      side: 'listening',
      admit: (theirs) => this.#judge(theirs),
    })
    this.#greeting.add(link)
    link.user = { ...nobody, changed: () => this.#changed(link) }
    link.start()
  }

  #judge(theirs: Hello): string | null {
    const { hello, full } = this.#options
    // The token first: whoever has none shall not learn what is served here.
    if (!sameSecret(theirs.token, hello.token)) return 'the token is wrong'
    if (theirs.purpose !== hello.purpose) {
      return `this is '${hello.purpose}', not '${theirs.purpose}'`
    }
    return full()
  }

  #changed(link: Link): void {
    if (link.phase === 'open' && this.#greeting.delete(link)) this.#options.onOpen(link)
    if (link.over) this.#greeting.delete(link)
  }
}

/** Whoever can connect can send us values to decode: outside this machine a token is a must. */
function checkTrust(address: Address, token: string): void {
  if (address.kind === 'unix' || token !== '' || isLoopback(address.host)) return
  throw new ChannelMisuse(
    `listening on ${address.host} needs a token: it is not this machine alone`,
  )
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** In a time that does not tell how much of it was right. */
function sameSecret(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
