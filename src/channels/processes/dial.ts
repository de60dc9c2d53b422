/**
 * Connecting to another process: tries until somebody listens or patience ends, and hands over an open link.
 * It gives up cleanly at any point, and keeps nothing.
 */
import { untilAborted } from '../../base/abort.ts'
import { type Address, type Connection, NetError, type Timer } from '../../base/ports.ts'
import { ChannelPeerLost, ChannelTimeout, type WaitOptions } from '../contract.ts'
import { checkAddress } from './address.ts'
import type { Hello } from './hello.ts'
import { Link } from './link.ts'
import { openLink } from './open-link.ts'
import type { ProcessWorld } from './world.ts'

/** Between two attempts: short at first, because two processes that start together miss each other by little. */
const retryMsMin = 10
const retryMsMax = 250

export interface Dial extends WaitOptions {
  readonly world: ProcessWorld
  readonly address: Address
  readonly hello: Hello
  /** How long to try again while nobody listens. */
  readonly patienceMs: number
}

/** Connects, and calls `opened` at the moment the link is open. */
export async function dial<C>(options: Dial, opened: (link: Link) => C): Promise<C> {
  checkAddress(options.address)
  const deadline = new AbortController()
  const timer = armDeadline(options, deadline)
  const { signal } = options
  const ends = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal])
  try {
    const connection = await connectPatiently(options, ends)
    const { hello } = options
    const link = new Link({
      ports: options.world,
      connection,
      hello,
      side: 'connecting',
      admit: () => null,
    })
    return await openLink(link, ends, opened)
  } finally {
    timer?.cancel()
  }
}

function armDeadline({ world, timeoutMs }: Dial, deadline: AbortController): Timer | null {
  if (timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY) return null
  return world.scheduler.after(timeoutMs, () => deadline.abort(new ChannelTimeout(timeoutMs)))
}

async function connectPatiently(options: Dial, ends: AbortSignal): Promise<Connection> {
  const { world, address, patienceMs } = options
  const untilMs = world.clock.monotonicMs() + patienceMs
  for (let retryMs = retryMsMin; ; retryMs = Math.min(2 * retryMs, retryMsMax)) {
    try {
      return await connectOnce(options, ends)
    } catch (error) {
      if (!(error instanceof NetError)) throw error
      const nobody = error.code === 'refused' && world.clock.monotonicMs() < untilMs
      if (!nobody) {
        const where = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
        throw new ChannelPeerLost(`nobody at ${where}: ${error.message}`, { cause: error })
      }
    }
    await untilAborted<void>(ends, (resolve) => {
      const timer = world.scheduler.after(retryMs, resolve)
      return () => timer.cancel()
    })
  }
}

function connectOnce({ world, address }: Dial, ends: AbortSignal): Promise<Connection> {
  return untilAborted<Connection>(ends, (resolve, reject) => {
    let given = false
    world.net.connect(address).then((connection) => {
      // The port has no way to give up: a connection that nobody waits for any more is dropped.
      if (given) connection.destroy()
      else resolve(connection)
    }, reject)
    return () => {
      given = true
    }
  })
}
