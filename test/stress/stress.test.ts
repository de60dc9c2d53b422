/** A bout of each kind, as `npm run stress` plays for minutes; and that a hang is told with who waits for what. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bout, Hang, playBout } from './bout.ts'
import { kinds } from './kinds.ts'

for (const [name, play] of kinds) {
  test(`a bout of ${name} keeps its laws`, async () => {
    assert.ok((await playBout(new Bout(name, 1), play)) > 0)
  })
}

test('a bout that does not end says who waits for what', async () => {
  const stuck = new Bout('stuck', 1)
  const play = (bout: Bout): Promise<number> => {
    void bout.wait('consumer 2: a message', new Promise(() => {}))
    return bout.wait('the end', new Promise(() => {}))
  }
  await assert.rejects(playBout(stuck, play, 20), (error) => {
    assert.ok(error instanceof Hang)
    return /consumer 2: a message; for the end/.test(error.message)
  })
})
