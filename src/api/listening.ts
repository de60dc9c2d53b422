/** The listeners of an embedded broker: those it is asked for, each loaded when it is opened. */
import type { Log } from '../base/log.ts'
import type { World } from '../base/ports.ts'
import type { ListenerKind, OpenListener } from '../broker/listener.ts'
import type { Runtime } from '../broker/runtime.ts'
import { amqpListener } from '../gateway/amqp/kind.ts'
import { kafkaListener } from '../gateway/kafka/kind.ts'
import { lineListener } from '../gateway/line/kind.ts'
import type { LineSink } from '../gateway/line/sink.ts'
import { BrokerError } from './errors.ts'

/** The port of each protocol; 0 for any free one. What comes to `line` goes into the queue of that name. */
export type ListenOptions = Readonly<Record<string, number>>

export type Listening = {
  readonly urls: Readonly<Record<string, string>>
  close(): Promise<void>
}

type Context = {
  readonly world: World
  readonly log: Log
  readonly broker: Runtime
  /** Where lines go. */
  readonly lines: () => Promise<LineSink>
}

function kindsOf({ lines }: Context): readonly ListenerKind[] {
  const line = lineListener(async () => ({ sink: await lines(), begin: () => {} }))
  return [amqpListener, kafkaListener(), line]
}

export async function listenAll(context: Context, listen: ListenOptions): Promise<Listening> {
  const kinds = kindsOf(context)
  const open = new Map<string, OpenListener>()
  const close = async (): Promise<void> => {
    for (const listener of [...open.values()].reverse()) await listener.close()
  }
  try {
    for (const [name, port] of Object.entries(listen)) {
      const kind = kinds.find((each) => each.name === name)
      if (kind === undefined) throw unknown(name, kinds)
      const address = { kind: 'tcp', host: '127.0.0.1', port } as const
      open.set(name, await kind.open({ ...context, address }))
    }
  } catch (error) {
    await close()
    throw error
  }
  for (const listener of open.values()) listener.begin()
  const urls = Object.fromEntries([...open].map(([name, { url }]) => [name, url]))
  return { urls, close }
}

function unknown(name: string, kinds: readonly ListenerKind[]): BrokerError {
  const names = kinds.map((kind) => kind.name)
  return new BrokerError('REFUSED', `no listener '${name}'; there are ${names.join(', ')}`)
}
