/** What the AMQP clients of the world declare by themselves, and where they publish to. */

import { declare, method } from '../amqp/amqp-world.ts'
import type { AmqpLine } from './amqp-line.ts'
import { CHANNEL } from './amqp-line.ts'
import { QUEUES } from './topology.ts'

const KEPT = 'amqp-kept'
const PASSING = 'amqp-passing'
const EXCHANGE = 'amqp-fan'
export const AMQP_QUEUES: readonly string[] = [KEPT, PASSING]

/** An exchange, a key, and the queues that get what is published there. */
export type AmqpRoute = {
  readonly exchange: string
  readonly key: string
  readonly queues: readonly string[]
}

const direct = (queue: string): AmqpRoute => ({ exchange: '', key: queue, queues: [queue] })

export const AMQP_ROUTES: readonly AmqpRoute[] = [
  direct(KEPT),
  direct(KEPT),
  direct(PASSING),
  direct('work-0'),
  { exchange: EXCHANGE, key: 'both', queues: AMQP_QUEUES },
  { exchange: 'fan', key: 'both', queues: QUEUES },
]

const PASSING_QUEUES: readonly string[] = [PASSING, 'passing']

/** Whether it is kept over restarts. */
export function isKept(queue: string): boolean {
  return !PASSING_QUEUES.includes(queue)
}

/** Throws Cut when the broker refuses: it has no room. */
export async function declareOver(line: AmqpLine): Promise<void> {
  for (const queue of AMQP_QUEUES) {
    line.send(declare(CHANNEL, queue, { durable: isKept(queue) }))
    await line.answer('queue.declare-ok')
  }
  const common = { ticket: 0, noWait: false, arguments: [] }
  line.send(
    method(CHANNEL, 'exchange.declare', {
      ...common,
      ...{ exchange: EXCHANGE, type: 'direct', passive: false, durable: true },
      ...{ autoDelete: false, internal: false },
    }),
  )
  await line.answer('exchange.declare-ok')
  for (const queue of AMQP_QUEUES) {
    const binding = { exchange: EXCHANGE, queue, routingKey: 'both' }
    line.send(method(CHANNEL, 'queue.bind', { ...common, ...binding }))
    await line.answer('queue.bind-ok')
  }
}
