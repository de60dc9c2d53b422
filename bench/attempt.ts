/**
 * One run of one variant, seen from the runner: starts the child, waits for its answer no longer than it
 * may, and leaves no process behind. It never looks into a report.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { BadAnswer, parseAnswer, type Report, type Request } from './protocol.ts'

export type AttemptCode = 'crashed' | 'hung' | 'silent' | 'garbage' | 'failed' | 'aborted'

/** Why a run has no report. The message carries the end of what the child printed. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError'
  readonly code: AttemptCode
  constructor(code: AttemptCode, message: string) {
    super(message)
    this.code = code
  }
}

export interface AttemptOptions {
  readonly request: Request
  readonly limitMs: number
  readonly signal: AbortSignal
  /** The child's program; another one only in tests. */
  readonly program?: string
}

const OUTPUT_TAIL_LENGTH = 2_000 // the end of a stack trace; more would bury the message

/** Resolves with the child's report; rejects with AttemptError. */
export async function attempt(options: AttemptOptions): Promise<Report> {
  const program = new URL(options.program ?? './child.js', import.meta.url)
  const child = fork(program, [JSON.stringify(options.request)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true, // a group of its own, so that servers it started end with it
  })
  try {
    return await answerOf(child, options)
  } finally {
    endGroup(child)
  }
}

function answerOf(child: ChildProcess, options: AttemptOptions): Promise<Report> {
  const { limitMs, signal } = options
  return new Promise((resolve, reject) => {
    let printed = ''
    const print = (chunk: Buffer): void => {
      printed = (printed + chunk.toString('utf8')).slice(-OUTPUT_TAIL_LENGTH)
    }
    child.stdout?.on('data', print)
    child.stderr?.on('data', print)
    const fail = (code: AttemptCode, message: string): void => {
      const tail = printed.trim()
      settle(() =>
        reject(new AttemptError(code, tail === '' ? message : `${message}; it said: ${tail}`)),
      )
    }
    const timer = setTimeout(() => fail('hung', `no answer within ${limitMs / 1e3} s`), limitMs)
    const onAbort = (): void => fail('aborted', 'the run was ended')
    const settle = (then: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      then()
    }
    child.on('error', (error) => fail('crashed', `the child did not start: ${error.message}`))
    // A server that outlives the child holds its pipes, and 'close' would never come.
    child.once('exit', () => endGroup(child))
    // 'close' and not 'exit': what it printed last is in by then.
    child.on('close', (exitCode, signalName) => {
      if (signalName !== null) fail('crashed', `the child was ended by ${signalName}`)
      else if (exitCode === 0) fail('silent', 'the child ended without an answer')
      else fail('crashed', `the child ended with code ${exitCode}`)
    })
    child.once('message', (message) => {
      try {
        const answer = parseAnswer(message)
        if (answer.kind === 'failed') fail('failed', answer.message)
        else settle(() => resolve(answer.report))
      } catch (error) {
        if (!(error instanceof BadAnswer)) throw error
        fail('garbage', `the child's answer makes no sense: ${error.message}`)
      }
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}

/** Ends the child and whatever it started. A group that is gone already is what we want. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    // Windows has no groups: there a server is ended by its own owner or not at all.
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}
