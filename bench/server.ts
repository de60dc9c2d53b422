/**
 * Starts a server under test as a process of its own, waits until it says that it is ready, and ends it.
 * The workload that starts it owns it and must close it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { assert } from '../src/base/assert.ts'
import { BadAnswer, parseUsage, type UsageReport } from './protocol.ts'
import type { ServerCall } from './server-report.ts'
import { type Probe, processProbe } from './usage.ts'

export interface ServerOptions {
  readonly command: string
  readonly args: readonly string[]
  /** The line of its output that says it is ready; its groups are handed back. */
  readonly ready: RegExp
  readonly directory?: string
  readonly env?: { readonly [name: string]: string }
  readonly limitMs?: number
}

export interface Server extends AsyncDisposable {
  readonly pid: number
  /** The line that said it is ready, and its groups. */
  readonly ready: RegExpMatchArray
  readonly probe: Probe
  /** Asks it to end, and ends it when it does not. Idempotent. */
  close(): Promise<void>
}

const START_LIMIT_MS = 60_000 // a JVM or an Erlang node on a busy machine
const STOP_LIMIT_MS = 5_000 // then it is ended: its data are thrown away anyhow
const USAGE_LIMIT_MS = 10_000 // a server that is too busy to answer for so long has failed
const OUTPUT_LENGTH_MAX = 64 * 1024 // the ready line must be near the start

/** Any program; its cost is read from /proc. */
export async function startServer(options: ServerOptions): Promise<Server> {
  return await start(options, 'foreign')
}

/** A program for Node, given as arguments to `node`; it reports its own cost and the delay of its loop. */
export async function startNodeServer(options: Omit<ServerOptions, 'command'>): Promise<Server> {
  const preload = new URL('./server-report.js', import.meta.url).href
  const args = ['--import', preload, ...options.args]
  return await start({ ...options, command: process.execPath, args }, 'node')
}

async function start(options: ServerOptions, kind: 'foreign' | 'node'): Promise<Server> {
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe', ...(kind === 'node' ? (['ipc'] as const) : [])],
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
    env: { ...process.env, ...options.env },
  })
  const close = oneTime(() => stop(child))
  try {
    const ready = await readyLine(child, options)
    const { pid } = child
    assert(pid !== undefined, 'a server that said it is ready has a process id')
    const probe = kind === 'node' ? nodeProbe(child) : processProbe(pid)
    return { pid, ready, probe, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function oneTime(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null
  return () => {
    done ??= task()
    return done
  }
}

function readyLine(child: ChildProcess, options: ServerOptions): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (why: string): void => {
      clearTimeout(timer)
      reject(new Error(`${options.command} ${why}: ${output.slice(-500).trim()}`)) // enough to see why
    }
    const timer = setTimeout(
      () => fail('did not get ready in time'),
      options.limitMs ?? START_LIMIT_MS,
    )
    child.on('error', (error) => fail(`did not start (${error.message})`))
    child.on('exit', (code) => fail(`ended with code ${code}`))
    const onData = (chunk: Buffer): void => {
      if (output.length > OUTPUT_LENGTH_MAX) return // ready, or never: read on so that it is not blocked
      output += chunk.toString('utf8')
      const whole = output.slice(0, output.lastIndexOf('\n') + 1) // a line may come in pieces
      const line = whole.match(options.ready)
      if (line === null) return
      clearTimeout(timer)
      resolve(line)
    }
    child.stdout?.on('data', onData)
    child.stderr?.on('data', onData)
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const patience = new AbortController()
  const late = delay(STOP_LIMIT_MS, 'late', { signal: patience.signal }).catch(() => 'in time')
  if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL')
  patience.abort()
  await exited
}

function nodeProbe(child: ChildProcess): Probe {
  return {
    begin: async (loop) => {
      await ask(child, { kind: 'bench-begin', loop })
    },
    end: async (): Promise<UsageReport> => {
      const { usage } = (await ask(child, { kind: 'bench-end' })) as { readonly usage: unknown }
      return parseUsage(usage, 'usage of the server')
    },
  }
}

/** One question, one answer; what else the server may send is not for us. */
async function ask(child: ChildProcess, call: ServerCall): Promise<unknown> {
  const expected = call.kind === 'bench-begin' ? 'bench-begun' : 'bench-ended'
  return await new Promise((resolve, reject) => {
    const onExit = (): void => settle(() => reject(new BadAnswer('the server is gone')))
    const onMessage = (message: unknown): void => {
      const isAnswer =
        typeof message === 'object' &&
        message !== null &&
        'kind' in message &&
        message.kind === expected
      if (isAnswer) settle(() => resolve(message))
    }
    const timer = setTimeout(
      () => settle(() => reject(new BadAnswer('the server does not answer'))),
      USAGE_LIMIT_MS,
    )
    const settle = (then: () => void): void => {
      clearTimeout(timer)
      child.off('exit', onExit)
      child.off('message', onMessage)
      then()
    }
    child.on('exit', onExit)
    child.on('message', onMessage)
    child.send(call)
  })
}
