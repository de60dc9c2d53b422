/** Every option of a line socket that cannot be is refused by its name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineLimits } from './limits.ts'
import { checkedOptions, LineOptionError } from './options.ts'

test('what is not said is a line of text that nobody answers, within the limits', () => {
  const plain = { framing: 'line', bodies: 'text', answers: 'none' } as const
  assert.deepEqual(checkedOptions({}), { ...plain, ...lineLimits })
  assert.equal(checkedOptions({ idleMs: Number.POSITIVE_INFINITY }).idleMs, Infinity)
})

test('what cannot be is refused in one sentence that begins with its name', () => {
  const mistakes: readonly (readonly [object, string])[] = [
    [{ framing: 'lines' }, 'framing is one of line, length, chunk, not lines'],
    [{ bodies: 'utf-8' }, 'bodies is one of text, text-or-bytes, bytes, not utf-8'],
    [{ answers: 'yes' }, 'answers is one of none, ok, not yes'],
    [{ messageBytesMax: 3 }, 'messageBytesMax is a whole number from 4 to 134217728, not 3'],
    [{ messageBytesMax: 1e9 }, /^messageBytesMax .*, not 1000000000$/.source],
    [{ clientsMax: 0 }, 'clientsMax is a whole number from 1, not 0'],
    [{ unansweredMax: 1.5 }, 'unansweredMax is a whole number from 1, not 1.5'],
    [{ idleMs: -1 }, 'idleMs is a time in milliseconds, not -1'],
    [{ drainMs: Number.NaN }, 'drainMs is a time in milliseconds, not NaN'],
  ]
  for (const [options, sentence] of mistakes) {
    assert.throws(
      () => checkedOptions(options),
      (error) => {
        assert.ok(error instanceof LineOptionError)
        assert.match(error.message, new RegExp(sentence))
        assert.ok(error.message.startsWith(error.option))
        return true
      },
    )
  }
})
