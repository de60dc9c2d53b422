/** Planted in what becomes of large bodies: fragments let go too early or never, forgotten, or counted wrongly. */
import type { Bug } from './bug.ts'

export const largeBugs: readonly Bug[] = [
  {
    what: 'a fragment is not held while the rest of its body comes',
    file: 'src/broker/arrival.ts',
    right: 'store.hold(ticket)\n    this.#fragments.push(ticket)',
    wrong: 'if (this.#appended > 0) store.hold(ticket)\n    this.#fragments.push(ticket)',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'the fragments of a body that was given up are held for ever',
    file: 'src/broker/arrival.ts',
    right: 'for (const fragment of this.#fragments) store.unhold(fragment)',
    wrong: 'if (this.isWhole) for (const fragment of this.#fragments) store.unhold(fragment)',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'a fragment that found no room counts as taken',
    file: 'src/broker/arrival.ts',
    right: 'if (!this.#append(from.subarray(0, this.#filled + more))) return taken',
    wrong: 'if (!this.#append(from.subarray(0, this.#filled + more))) return taken + more',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'the beginning of a fragment goes into the next one, too',
    file: 'src/broker/arrival.ts',
    right: '        this.#filled = 0\n',
    wrong: '        if (isDirect) this.#filled = 0\n',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'a fragment does not say whose it is',
    file: 'src/broker/arrival.ts',
    right: 'const number = this.#fragments[0] ?? 0',
    wrong: 'const number = 0',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'more bodies are let in at once than the limit',
    file: 'src/broker/arrivals.ts',
    right: 'if (this.#bytes + sizeBytes > limits.arrivingBytes) {',
    wrong: 'if (sizeBytes > limits.arrivingBytes) {',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'a body that is through counts for ever',
    file: 'src/broker/arrivals.ts',
    right: 'this.#bytes -= sizeBytes',
    wrong: '',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'whoever waits for bodies to be through is never called',
    file: 'src/broker/arrivals.ts',
    right: 'void Promise.resolve().then(() => this.#room.wake())',
    wrong: '',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'fragments are let go although their message found no room',
    file: 'src/broker/arrivals.ts',
    right: 'if (ticket !== HELD) arrival.close()',
    wrong: 'arrival.close()',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'a body is let go before its message refers to it',
    file: 'src/broker/arrivals.ts',
    right: 'const { body, persistence } = arrival\n',
    wrong: 'const { body, persistence } = arrival\n    arrival.close()\n',
    by: ['src/broker/arrivals.test', 'test/world/'],
  },
  {
    what: 'the fragments of a body that is being read are not held',
    file: 'src/broker/reading.ts',
    right: 'for (const fragment of body.fragments) store.hold(fragment)',
    wrong: 'for (const fragment of body.fragments.slice(0, 1)) store.hold(fragment)',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'a fragment is let go before it was read',
    file: 'src/broker/reading.ts',
    right: 'for (const fragment of body.fragments) store.hold(fragment)',
    wrong: `for (const fragment of body.fragments) {
      store.hold(fragment)
      void Promise.resolve().then(() => store.unhold(fragment))
    }
    store.unhold = () => undefined`,
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'what nobody reads to its end is held for ever',
    file: 'src/broker/reading.ts',
    right: 'while (!this.isDone) this.advance()',
    wrong: '',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'the fragments of a transient message are not held',
    file: 'src/broker/transient.ts',
    right: 'for (const fragment of body.fragments) this.#store.hold(fragment)',
    wrong: 'for (const fragment of body.fragments.slice(1)) this.#store.hold(fragment)',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'the fragments of a transient message are held for ever',
    file: 'src/broker/transient.ts',
    right: 'for (const fragment of body.fragments) this.#store.unhold(fragment)',
    wrong: '',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'nobody counts that a message refers to its fragments',
    file: 'src/machine/large-body.ts',
    right: 'for (const fragment of body.fragments) this.#bodies.retain(fragment, 1)',
    wrong: 'for (const fragment of body.fragments.slice(1)) this.#bodies.retain(fragment, 1)',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'fragments go with the first queue of their message',
    file: 'src/machine/large-body.ts',
    right: 'if (kept.references > 0) return\n',
    wrong: 'kept.references = 0\n',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'fragments stay when the last queue has let their message go',
    file: 'src/machine/large-body.ts',
    right: 'for (const fragment of kept.body.fragments) this.#bodies.release(fragment, 1)',
    wrong: '',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'the cleaner is told that only the first fragment of a body lives',
    file: 'src/machine/large-body.ts',
    right: 'fragment.number === 0 ? fragment.ticket : fragment.number',
    wrong: 'fragment.ticket',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'the cleaner is told that the fragments of a message that is gone live',
    file: 'src/machine/large-body.ts',
    right: 'this.#firsts.delete(kept.body.fragments[0]!)',
    wrong: '',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'the cleaner is told that no restored fragment lives',
    file: 'src/machine/large-body.ts',
    right: 'this.#put(ticket, body, 0)',
    wrong: 'this.#byTicket.set(ticket, { body, references: 0 })',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'a restored message counts one queue too many for its large body',
    file: 'src/machine/large-body.ts',
    right: 'this.#put(ticket, body, 0)',
    wrong: 'this.#put(ticket, body, 1)',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'the cleaner is told that a large message lives in its first queue only',
    file: 'src/machine/liveness.ts',
    right: 'case KIND_LARGE:\n      return isMessageLive(machine, entry)',
    wrong:
      'return isMessageLive(machine, entry)\n    case KIND_LARGE:\n      return refers(machine, entry.log, entry.number, entry.ticket)',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'the cleaner is told that a batch lives that was cut',
    file: 'src/machine/liveness.ts',
    right: 'return entry.number + batch.count > partition.firstOffset',
    wrong: 'return entry.number + batch.count >= partition.firstOffset',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'a large message goes with the first of its queues',
    file: 'src/machine/machine.ts',
    right:
      'if (targets.length > 1) this.#bodies.retain(ticket, targets.length - 1)\n    this.large.add(',
    wrong: 'this.large.add(',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'a snapshot forgets the last fragment of a large body',
    file: 'src/machine/snapshot.ts',
    right:
      'writer.u32(body.fragments.length)\n  for (const fragment of body.fragments) writer.u53(fragment)',
    wrong:
      'const most = body.fragments.slice(0, Math.max(1, body.fragments.length - 1))\n  writer.u32(most.length)\n  for (const fragment of most) writer.u53(fragment)',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'a snapshot forgets the size of a large body',
    file: 'src/machine/snapshot.ts',
    right: 'writer.u53(body.sizeBytes)',
    wrong: 'writer.u53(1)',
    by: ['src/machine/machine.test'],
  },
  {
    what: 'a snapshot forgets which messages have large bodies',
    file: 'src/machine/snapshot.ts',
    right: '((state & LARGE) === 0 ? 0 : SLOT_LARGE)',
    wrong: '0',
    by: ['src/machine/machine.test'],
  },
]
