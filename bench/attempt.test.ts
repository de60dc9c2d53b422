/** A child may crash, hang, lie or leave processes behind: the runner must say which, and go on. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AttemptError, attempt } from './attempt.ts'
import type { Report } from './protocol.ts'

const PATIENT_MS = 30_000 // a test that needs it has failed
const never = new AbortController().signal

async function run(
  variant: string,
  options: { readonly limitMs?: number; readonly signal?: AbortSignal } = {},
): Promise<Report> {
  const request = { module: '', workload: '', variant, effort: 'quick', directory: '' } as const
  const { limitMs = PATIENT_MS, signal = never } = options
  return await attempt({ request, limitMs, signal, program: './misbehaved.js' })
}

async function failure(
  variant: string,
  options: { readonly limitMs?: number; readonly signal?: AbortSignal } = {},
): Promise<AttemptError> {
  const error: unknown = await run(variant, options).then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof AttemptError, `${String(error)} is no AttemptError`)
  return error
}

/** Resolves once the process is gone; the test's own time limit ends the wait. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await delay(5)
}

/** An ended process that nobody has collected yet still takes signals; Linux shows it as a zombie. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch (error) {
    return error instanceof Error && 'path' in error && process.platform !== 'linux'
  }
}

describe('a run in a child process', { concurrency: 2, timeout: PATIENT_MS }, () => {
  it('hands back the report', async () => {
    assert.equal((await run('well-behaved')).operations, 7)
  })

  for (const [variant, code, message] of [
    ['crash', 'crashed', /code 1; it said: [\s\S]*planted crash/],
    ['exit', 'crashed', /ended with code 3/],
    ['killed', 'crashed', /ended by SIGKILL/],
    ['silence', 'silent', /without an answer/],
    ['garbage', 'garbage', /makes no sense: operations is "plenty"/],
    ['failure', 'failed', /the disk is gone/],
  ] as const) {
    it(`says '${code}' of a child's ${variant}`, async () => {
      const error = await failure(variant)
      assert.equal(error.code, code)
      assert.match(error.message, message)
    })
  }

  it('ends a child that hangs when its time is over', async () => {
    const error = await failure('hang', { limitMs: 300 })
    assert.equal(error.code, 'hung')
    assert.match(error.message, /no answer within 0.3 s/)
  })

  it('ends a child at once when the bench is aborted', async () => {
    const stop = new AbortController()
    const ended = failure('hang', { signal: stop.signal })
    stop.abort()
    assert.equal((await ended).code, 'aborted')
  })

  it('leaves no process behind, whether the child answered or crashed', async (test) => {
    if (process.platform === 'win32') return test.skip('Windows has no process groups')
    for (const variant of ['leftover', 'leftover-crash']) {
      const [, pid] = (await failure(variant)).message.match(/left (\d+)/) ?? []
      assert.ok(Number(pid) > 0)
      await gone(Number(pid))
    }
  })
})
