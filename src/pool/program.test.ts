/** A program with a pool ends when it should, and takes its workers with it however it ends. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../test/pool/pool-program.js', import.meta.url))
/** A program of this size starts in a tenth of a second; a hang fails loudly. */
const limitMs = 30_000

interface Run {
  readonly child: ChildProcess
  /** Everything it and its workers wrote, once the last of them has ended: each holds the pipe open. */
  readonly ended: Promise<{ code: number | null; signal: string | null; output: string }>
  /** Resolves when this has been written. */
  wrote(text: string): Promise<void>
}

function start(kind: string, deed: string): Run {
  const child = spawn(process.execPath, [program, kind, deed], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own, as a program in a terminal has.
    detached: true,
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    output += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, output }))
  return {
    child,
    ended,
    wrote: async (text) => {
      while (!output.includes(text)) await once(child.stdout, 'data')
    },
  }
}

for (const kind of ['threads', 'processes']) {
  describe(`a program with a pool of ${kind}`, { timeout: limitMs }, () => {
    test('ends by itself when its pool is idle, though nobody closed it', async () => {
      const { code, output } = await start(kind, 'idle').ended
      assert.deepEqual({ code, output }, { code: 0, output: 'sum 4950\n' })
    })

    test('ends by itself after close, and after destroy in the middle of a task', async () => {
      const closed = await start(kind, 'close').ended
      assert.deepEqual(closed, { code: 0, signal: null, output: 'sum 4950\nclosed\n' })
      const destroyed = await start(kind, 'destroy').ended
      assert.deepEqual(destroyed, { code: 0, signal: null, output: 'sum 4950\nPOOL_CLOSED\n' })
    })

    test('takes its workers along when it leaves in the middle of a task', async () => {
      const { code } = await start(kind, 'leave').ended
      assert.equal(code, 3)
    })
  })
}

describe('workers of a program that is killed', { timeout: limitMs }, () => {
  for (const deed of ['endless', 'rest']) {
    test(`end with it: ${deed}`, async () => {
      const run = start('processes', deed)
      await run.wrote('running')
      run.child.kill('SIGKILL')
      const { signal } = await run.ended
      assert.equal(signal, 'SIGKILL')
    })
  }

  test('an interrupt from the terminal is for the program to answer, not for its workers', async () => {
    const run = start('processes', 'interrupt')
    await run.wrote('running')
    assert.ok(run.child.pid !== undefined)
    process.kill(-run.child.pid, 'SIGINT')
    const { code, output } = await run.ended
    assert.deepEqual({ code, output }, { code: 0, output: 'sum 4950\nrunning\nspun 500\nclosed\n' })
  })
})
