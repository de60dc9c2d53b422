/** Planted around the broker: line sockets, channels over queues, channels between threads. */
import type { Bug } from './bug.ts'

export const edgeBugs: readonly Bug[] = [
  {
    what: 'a line is told OK before its message is safe',
    file: 'src/gateway/line/queue-sink.ts',
    right: 'return this.#queue.safe()',
    wrong: 'return Promise.resolve()',
    by: ['src/gateway/line/queue-sink.test'],
  },
  {
    what: 'a line is told OK when the message before its own is safe',
    file: 'src/gateway/line/line-queue.ts',
    right: 'this.#through = Math.max(this.#through, ticket)',
    wrong: 'this.#through = ticket - 1',
    by: ['src/gateway/line/line-queue.test'],
  },
  {
    what: 'a line that comes overtakes those that wait for room',
    file: 'src/gateway/line/queue-sink.ts',
    right: "if (this.#waiting.size > 0) return 'full'",
    wrong: '',
    by: ['src/gateway/line/queue-sink.test'],
  },
  {
    what: 'what a line sends is kept in memory only',
    file: 'src/gateway/line/line-queue.ts',
    right: "this.#broker.publish(this.#route, content, 'persistent')",
    wrong: "this.#broker.publish(this.#route, content, 'transient')",
    by: ['src/gateway/line/line-queue.test'],
  },
  {
    what: 'the queue of a line is safe before its commit',
    file: 'src/gateway/line/line-queue.ts',
    right: 'return this.#broker.commits.settled(this.#through)',
    wrong: 'return Promise.resolve()',
    by: ['src/gateway/line/line-queue.test', 'src/gateway/line/listener.test'],
  },
  {
    what: 'lines are told OK by a queue that was made again and is not durable',
    file: 'src/gateway/line/line-queue.ts',
    right:
      'if (isWeaker(durabilityIn(this.#broker.durability, queue.options), this.#durability)) {',
    wrong: 'if (queue.deleted) {',
    by: ['src/gateway/line/line-queue.test'],
  },
  {
    what: 'a value leaves its queue before it is handed over',
    file: 'src/client/queue-inbox.ts',
    right: 'this.#ahead.tryPut(message)',
    wrong: 'message.ack()\n          this.#ahead.tryPut(message)',
    by: ['src/client/queue-channel.test'],
  },
  {
    what: 'a value leaves its queue before taskDone',
    file: 'src/client/queue-inbox.ts',
    right:
      "if (this.#options.acks === 'on-get') message.ack()\n    else this.#unsettled.push(message)",
    wrong: "message.ack()\n    if (this.#options.acks !== 'on-get') this.#unsettled.push(message)",
    by: ['src/client/queue-channel.test'],
  },
  {
    what: 'taskDone settles the newest value',
    file: 'src/client/queue-inbox.ts',
    right: 'this.#unsettled.shift()?.ack()',
    wrong: 'this.#unsettled.pop()?.ack()',
    by: ['src/client/queue-channel.test', 'src/client/queue-channel-laws.test'],
  },
  {
    what: 'a channel over a queue ends with a value that is not done',
    file: 'src/client/queue-inbox.ts',
    right: 'if (this.#unsettled.size === 0 && this.#leaving === 0) void',
    wrong: 'if (this.#leaving === 0) void',
    by: ['src/client/queue-channel.test'],
  },
  {
    what: 'a put resolves before the broker says that it is safe',
    file: 'src/client/queue-outbox.ts',
    right: 'sent?.then(\n          () => this.#turn.over(),',
    wrong: '(sent && Promise.resolve())?.then(\n          () => this.#turn.over(),',
    by: ['src/client/queue-channel.test'],
  },
  {
    what: 'a put overtakes those that wait for room',
    file: 'src/client/queue-outbox.ts',
    right: 'return this.#waiting.size > 0 ? null : this.#send(body)',
    wrong: 'return this.#send(body)',
    by: ['src/client/queue-channel.test'],
  },
  {
    what: 'a reader of parts believes what it sees where a pad was',
    file: 'src/channels/threads/ring-parts.ts',
    right: 'if (assembly.active && !isStillOldest(ring)) continue',
    wrong: '',
    by: ['test/model/ring.test', 'test/threads/crowd.test'],
  },
  {
    what: 'who brings in a message that was given up goes on with the next',
    file: 'src/channels/threads/ring-parts.ts',
    right: '(assembly.active && kindFound(ring) === kind.first)',
    wrong: 'ring.size < 0',
    by: ['src/channels/threads/get-side.test', 'test/model/ring.test'],
  },
  {
    what: 'whoever is far ahead of those that wait does not rest',
    file: 'src/channels/threads/share.ts',
    right: 'this.isAhead = this.#behind(threadLimits.aheadMax).size > 0',
    wrong: 'this.isAhead = false',
    by: ['src/channels/threads/share.test'],
  },
]
