/** A program that has closed everything ends by itself, whatever its waits were allowed to take. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const program = fileURLToPath(new URL('./leaving-program.js', import.meta.url))

/** Far longer than such a program takes, and far shorter than the waits in it. */
const limitMs = 30_000

const kinds = ['in-process', 'between-threads', 'between-processes', 'over-a-fifo', 'over-queues']

for (const kind of kinds) {
  const onWindows = process.platform === 'win32' && kind === 'over-a-fifo'
  const skip = onWindows ? 'not run: Windows has no FIFO' : false
  test(`what was used ${kind} keeps no program once it is closed`, { skip }, async () => {
    const run = promisify(execFile)
    const { stdout, stderr } = await run(process.execPath, [program, kind], { timeout: limitMs })
    assert.deepEqual([stdout, stderr], ['all is closed\n', ''])
  })
}
