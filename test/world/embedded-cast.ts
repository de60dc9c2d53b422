/** The cast of the world without protocols: clients that call the broker themselves. */
import { below } from '../../src/base/random.ts'
import { Appender } from './appender.ts'
import type { Cast, Casting } from './cast.ts'
import { ConsumerClient } from './consumer-client.ts'
import { Declarer } from './declarer.ts'
import { Getter } from './getter.ts'
import { Publisher } from './publisher.ts'
import { Reader } from './reader.ts'
import type { Client } from './session.ts'
import { ALL_QUEUES, ALL_ROUTES, GROUPS, PARTITIONS, QUEUES } from './topology.ts'

const NO_DOORS = { close: () => Promise.resolve() }

export const embeddedCast: Casting = ({ random, witness }): Cast => {
  witness.limited.expectAll()
  const finite: Client[] = []
  for (let index = 0; index < 3; index++) {
    const messages = 20 + below(random, 40)
    finite.push(new Publisher(`p${index}`, { messages, routes: ALL_ROUTES }, witness))
  }
  finite.push(new Appender('a0', 15 + below(random, 20), witness))
  finite.push(new Appender('a1', 15 + below(random, 20), witness))
  finite.push(new Declarer('d0', 8 + below(random, 12)))
  const endless: Client[] = []
  for (const queue of ALL_QUEUES) {
    const count = 1 + below(random, 3)
    for (let index = 0; index < count; index++) {
      endless.push(new ConsumerClient(`c${index} ${queue}`, queue, witness))
    }
  }
  endless.push(new Getter('g0', QUEUES[0]!, witness))
  const readers: Reader[] = []
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const group of GROUPS) {
      readers.push(new Reader(`r${partition} ${group}`, { partition, group }, witness))
    }
  }
  return {
    finite,
    endless: [...endless, ...readers],
    queues: ALL_QUEUES,
    open: () => Promise.resolve(NO_DOORS),
    behind: (session) =>
      readers.filter((reader) => !reader.isThrough(session)).map(({ name }) => name),
  }
}
