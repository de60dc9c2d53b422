/** From flags to a plan, or to the sentence that says what is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListenerKind } from '../broker/listener.ts'
import { UsageError } from './failure.ts'
import { lineKind } from './line-flags.ts'
import { planServe, type ServeFlags, unbuiltNames } from './serve-plan.ts'

function kind(name: string, defaultPort: number): ListenerKind {
  return { name, defaultPort, description: name, open: () => assert.fail('a plan opens nothing') }
}

const kinds = [kind('amqp', 5672), kind('line', 7107)]

function ports(flags: ServeFlags): Record<string, number> {
  const { listeners } = planServe(flags, kinds)
  return Object.fromEntries(listeners.map((planned) => [planned.kind.name, planned.port]))
}

function refuses(flags: ServeFlags, sentence: RegExp): void {
  assert.throws(
    () => planServe(flags, kinds),
    (error) => {
      assert.ok(error instanceof UsageError)
      assert.match(error.message, sentence)
      assert.equal(error.exitCode, 2)
      return true
    },
  )
}

test('a listener that is not named keeps its port', () => {
  assert.deepEqual(ports({}), { amqp: 5672, line: 7107 })
  assert.deepEqual(ports({ line: '0' }), { amqp: 5672, line: 0 })
  assert.deepEqual(ports({ amqp: '65535' }), { amqp: 65_535, line: 7107 })
})

test('off opens none, and only opens no other', () => {
  assert.deepEqual(ports({ amqp: 'off' }), { line: 7107 })
  assert.deepEqual(ports({ only: 'amqp' }), { amqp: 5672 })
  assert.deepEqual(ports({ only: 'line, amqp', line: '1' }), { amqp: 5672, line: 1 })
  assert.deepEqual(ports({ only: 'amqp', line: 'off' }), { amqp: 5672 })
})

test('what is no port is refused with its flag', () => {
  for (const port of ['65536', '-1', '1.5', '0x10', 'on', ' 1', '123456']) {
    refuses({ line: port }, /^--line .*: a port is a number from 0 to 65535, or off$/)
  }
  refuses({ line: '' }, /^--line needs a value$/)
})

test('flags that contradict each other are refused', () => {
  refuses({ only: 'amqp', line: '1' }, /^--line 1: --only does not name line$/)
  refuses({ only: 'amqp', amqp: 'off' }, /^--amqp off: --only names amqp$/)
})

test('a listener that is not built yet is refused in one sentence, wherever it is named', () => {
  const sentence = /kafka: this version of naru has no kafka listener yet$/
  for (const flags of [{ kafka: '9092' }, { kafka: true }, { kafka: 'off' }, { only: 'kafka' }]) {
    refuses(flags as ServeFlags, sentence)
  }
  assert.deepEqual(unbuiltNames(kinds), ['kafka', 'redis', 'kinesis', 'http'])
})

test('a name that means nothing is refused with the names that do', () => {
  refuses({ only: 'lines' }, /there is no listener 'lines' \(there is: amqp, line\)/)
  refuses({ only: 'line,' }, /there is no listener ''/)
})

test('with a directory an acknowledgement means synced, without one nothing is kept', () => {
  const plan = (flags: ServeFlags): unknown[] => {
    const { directory, durability } = planServe(flags, kinds)
    return [directory, durability]
  }
  assert.deepEqual(plan({}), [null, 'memory'])
  assert.deepEqual(plan({ durability: 'memory' }), [null, 'memory'])
  assert.deepEqual(plan({ dir: 'd' }), ['d', 'fsync'])
  assert.deepEqual(plan({ dir: 'd', durability: 'os' }), ['d', 'os'])
  refuses({ durability: 'fsync' }, /^--durability fsync needs --dir/)
  refuses({ durability: 'os' }, /^--durability os needs --dir/)
  refuses({ dir: 'd', durability: 'always' }, /it is one of fsync, os, memory$/)
  refuses({ dir: '' }, /^--dir needs a value$/)
})

test('the flags of the line socket are checked by its own rules, and only while it is opened', () => {
  const sentences: readonly (readonly [flag: string, value: string, sentence: RegExp])[] = [
    ['lineFraming', 'xml', /^--line-framing is one of line, length, chunk, not xml$/],
    ['lineBodies', 'utf-8', /^--line-bodies is one of text, text-or-bytes, bytes, not utf-8$/],
    ['lineAnswers', 'yes', /^--line-answers is one of none, ok, not yes$/],
    ['lineMessageBytes', '1k', /^--line-message-bytes is a whole number, not 1k$/],
    ['lineMessageBytes', '3', /^--line-message-bytes is a whole number from 4 to \d+, not 3$/],
    ['lineClients', '0', /^--line-clients is a whole number from 1, not 0$/],
    ['lineQueue', '', /^--line-queue needs a value$/],
  ]
  for (const [flag, value, sentence] of sentences) {
    assert.throws(() => planServe({ [flag]: value }, [lineKind]), { message: sentence })
  }
  const good = { lineQueue: 'q', lineFraming: 'chunk', lineAnswers: 'ok', lineMessageBytes: '100' }
  const [planned] = planServe({ line: '0', ...good }, [lineKind]).listeners
  assert.deepEqual([planned?.kind.name, planned?.port], ['line', 0])
  const idle = { line: 'off', lineQueue: 'q' }
  assert.throws(() => planServe(idle, [lineKind]), {
    message: '--line-queue q: the line listener is not opened',
  })
})
