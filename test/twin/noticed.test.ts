/** The comparison notices: one operation that does something else is another state. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../src/base/random.ts'
import { drawProgram, type Operation } from './program.ts'
import { runTwin } from './twin-run.ts'

/** Some seed in so many has the operation, and nothing after it that makes up for it. */
const SEEDS = 12

async function isNoticed(change: (operation: Operation) => Operation): Promise<boolean> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const program = drawProgram(new SeededRandom(seed))
    const [plain, changed] = [
      await runTwin(seed, program, 'api'),
      await runTwin(seed, program.map(change), 'api'),
    ]
    try {
      assert.deepEqual(changed.states, plain.states)
    } catch {
      return true
    }
  }
  return false
}

function changing<Kind extends Operation['kind']>(
  kind: Kind,
  change: (operation: Extract<Operation, { readonly kind: Kind }>) => Operation,
): () => Promise<void> {
  return async () => {
    const changed = (operation: Operation): Operation =>
      operation.kind === kind ? change(operation as never) : operation
    assert(await isNoticed(changed), 'the state is the same all the same')
  }
}

test(
  'an acknowledgement instead of a return is noticed',
  changing('take', (take) => ({
    ...take,
    verdicts: take.verdicts.map((verdict) => (verdict === 'give-back' ? 'ack' : verdict)),
  })),
)

test(
  'a message that is not kept is noticed',
  changing('send', (send) => ({ ...send, persistence: 'transient' })),
)

test(
  'another kind of body is noticed',
  changing('send', (send) => ({
    ...send,
    bodies: send.bodies.map(({ text, kind }) => ({ text, kind: kind === 'text' ? 'bytes' : kind })),
  })),
)

test(
  'a record that is a millisecond younger is noticed',
  changing('append', (append) => ({
    ...append,
    batches: append.batches.map(({ partition, records }) => ({
      partition,
      records: records.map((record) => ({ ...record, timeMs: record.timeMs + 1 })),
    })),
  })),
)

test(
  'a place one record further is noticed',
  changing('read-some', (read) => ({ ...read, count: read.count + 1 })),
)

test(
  'a stop instead of a kill is noticed',
  changing('restart', (restart) => ({ ...restart, manner: 'stop' })),
)
