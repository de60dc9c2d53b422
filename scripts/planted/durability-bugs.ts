/** Planted where a queue or a stream is more or less durable than its broker. */
import type { Bug } from './bug.ts'

export const durabilityBugs: readonly Bug[] = [
  {
    what: 'a message for several queues is confirmed as the weakest of them asks',
    file: 'src/machine/durability.ts',
    right: "if (left === 'fsync' || right === 'fsync') return 'fsync'",
    wrong: "if (left === 'os' || right === 'os') return 'os'",
    by: ['src/machine/durability.test', 'src/broker/durability.test'],
  },
  {
    what: 'a message asks for what its first queue asks, whatever the others do',
    file: 'src/machine/route.ts',
    right: 'strongestOf(this.durable.map(({ entryDurability }) => entryDurability))',
    wrong: 'this.durable[0]?.entryDurability',
    by: ['src/broker/durability.test'],
  },
  {
    what: 'a message of a queue that is to be synced is as safe as the broker',
    file: 'src/broker/publisher.ts',
    right: 'const ticket = log.claim(head, size, route.durability)',
    wrong: 'const ticket = log.claim(head, size)',
    by: ['src/broker/durability.test'],
  },
  {
    what: 'a record of a stream is as safe as the broker, whatever the stream is',
    file: 'src/broker/publisher.ts',
    right: 'const ticket = log.claim(head, size, partition.entryDurability)',
    wrong: 'const ticket = log.claim(head, size)',
    by: ['src/broker/durability.test', 'src/gateway/kafka/durability.test'],
  },
  {
    what: 'offsets for several streams are as safe as the first of them',
    file: 'src/broker/publisher.ts',
    right: 'log.write(head, body, strongestOf(asked))',
    wrong: 'log.write(head, body, asked[0])',
    by: ['src/broker/durability.test'],
  },
  {
    what: 'what is settled in a queue that is to be synced is as safe as the broker',
    file: 'src/broker/settlements.ts',
    right: 'place.durability = desk.settledAs',
    wrong: 'place.durability = undefined',
    by: ['src/broker/durability.test'],
  },
  {
    what: 'a message is marked as safely as the broker does it, and its queue is stricter',
    file: 'src/broker/entries.ts',
    right: 'const { id, entryDurability: durability } = queue',
    wrong: 'const { id, nothing: durability } = queue',
    by: ['src/broker/durability.test'],
  },
  {
    what: 'a purge that was answered is as safe as the queue that it empties',
    file: 'src/broker/dispatcher.ts',
    right: 'desk.settledAs = strongest(queue.entryDurability, undefined)',
    wrong: '',
    by: ['src/broker/durability.test'],
  },
  {
    what: 'a queue in memory keeps its messages in the journal',
    file: 'src/machine/queue.ts',
    right: "return this.options.durable && this.options.durability !== 'memory'",
    wrong: 'return this.options.durable',
    by: ['src/broker/durability.test', 'src/api/durability.test'],
  },
  {
    what: 'a queue and a stream forget their durability at a restart',
    file: 'src/machine/settings.ts',
    right: 'else durability = durabilityIn(reader)',
    wrong: 'else durabilityIn(reader)',
    by: ['src/machine/formats.test', 'src/api/durability.test'],
  },
  {
    what: 'a setting that asks for what nobody knows is passed over',
    file: 'src/machine/settings.ts',
    right: 'if (!isKnown || tag <= newest) {',
    wrong: 'if (tag <= newest) {',
    by: ['src/machine/formats.test'],
  },
  {
    what: 'a queue that is declared again with another durability is taken for the same',
    file: 'src/machine/plan.ts',
    right:
      "for (const field of ['durable', 'autoDelete', 'durability', 'messageTtlMs'] as const) {",
    wrong: "for (const field of ['durable', 'autoDelete', 'messageTtlMs'] as const) {",
    by: ['src/broker/durability.test', 'src/gateway/amqp/durability.test'],
  },
  {
    what: 'directories from before there were durabilities are not opened any more',
    file: 'src/machine/restore.ts',
    right: 'if (version < 1 || version > SNAPSHOT_VERSION) {',
    wrong: 'if (version !== SNAPSHOT_VERSION) {',
    by: ['test/golden/broker-golden.test'],
  },
  {
    what: 'what expires in a queue that is to be synced is as safe as the broker',
    file: 'src/broker/settlements.ts',
    right: 'number: time.nowMs(), durability: queue.entryDurability }',
    wrong: 'number: time.nowMs(), durability: undefined }',
    by: ['src/broker/durability.test'],
  },
]
