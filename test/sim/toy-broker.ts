/**
 * A broker of one log and a client that insists, to try the simulation on: lines in, `ok` out once they are in the
 * toy store. Wrong on request, so that the simulation can show that it notices.
 */
import type { Connection, World } from '../../src/base/ports.ts'
import { type ToyFlaw, ToyStore } from '../crash/toy-store.ts'
import type { History } from './history.ts'

const ADDRESS = { kind: 'tcp', host: '127.0.0.1', port: 7110 } as const

/** The peer is taken for dead after so long. */
const PATIENCE_MS = 5_000

export type BrokerFlaw = ToyFlaw | 'ack-before-append' | 'append-twice'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Runs until it is killed. */
export async function runBroker(world: World, flaw: BrokerFlaw): Promise<void> {
  const storeFlaw = flaw === 'ack-before-append' || flaw === 'append-twice' ? 'none' : flaw
  const store = await ToyStore.open(world.disk, storeFlaw)
  let work: Promise<void> = Promise.resolve()
  await world.net.listen(ADDRESS, (connection) => {
    eachLine(connection, (line) => {
      work = work.then(async () => {
        if (flaw === 'ack-before-append') connection.write(encoder.encode(`ok ${line}\n`))
        await store.append(line)
        if (flaw === 'append-twice') await store.append(line)
        if (flaw !== 'ack-before-append') connection.write(encoder.encode(`ok ${line}\n`))
      })
    })
  })
}

export interface ClientOptions {
  readonly producer: string
  readonly messages: number
  readonly history: History
}

/** Sends one message after the other; what has no answer when the connection ends stays unknown. */
export async function runClient(world: World, options: ClientOptions): Promise<void> {
  const { producer, messages, history } = options
  for (let counter = 0; counter < messages; ) {
    const connection = await world.net.connect(ADDRESS).catch(() => null)
    if (connection === null) {
      await sleep(world, 100)
      continue
    }
    counter = await talk(world, connection, { producer, messages, history, counter })
  }
}

/** Answers the counter of the next message that was never tried. */
function talk(
  world: World,
  connection: Connection,
  { producer, messages, history, counter }: ClientOptions & { counter: number },
): Promise<number> {
  let next = counter
  return new Promise((resolve) => {
    const send = (): void => {
      if (next === messages) {
        connection.destroy()
        return
      }
      history.attempted({ queue: 'log', producer, counter: next })
      connection.write(encoder.encode(`${producer} ${next}\n`))
      next++
    }
    let patience = world.scheduler.after(PATIENCE_MS, () => connection.destroy())
    const over = (): void => {
      patience.cancel()
      resolve(next)
    }
    eachLine(
      connection,
      (line) => {
        patience.cancel()
        patience = world.scheduler.after(PATIENCE_MS, () => connection.destroy())
        history.acked({ queue: 'log', producer, counter: Number(line.split(' ')[2]) })
        send()
      },
      over,
    )
    send()
  })
}

/** What the log holds at the end, as deliveries to one reader. */
export async function readBroker(world: World, history: History): Promise<void> {
  const store = await ToyStore.open(world.disk, 'none')
  for (const line of store.state.log) {
    const [producer = '', counter] = line.split(' ')
    history.delivered({
      ...{ queue: 'log', producer, counter: Number(counter) },
      ...{ consumer: 'reader', redelivered: 'new', told: 'at-once' },
    })
  }
  await store.close()
}

function eachLine(connection: Connection, line: (text: string) => void, over?: () => void): void {
  let text = ''
  connection.start({
    data: (bytes) => {
      text += decoder.decode(bytes)
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const each of lines) line(each)
    },
    ended: () => connection.destroy(),
    drained: () => undefined,
    closed: () => over?.(),
  })
}

function sleep(world: World, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    world.scheduler.after(delayMs, resolve)
  })
}
