/** Runs one proof to its end or its limit and says what it proved. It prints what the proof prints. */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Proof } from './proofs.ts'

/** How a proof says that it could not be run here. */
const NOT_RUN = 3

export interface Outcome {
  readonly verdict: 'ok' | 'failed' | 'not run'
  readonly why: string
}

export async function runProof(proof: Proof, root: string): Promise<Outcome> {
  const missing = proof.needs.filter((tool) => !isOnPath(tool))
  if (missing.length > 0) return { verdict: 'not run', why: `${missing.join(', ')} is not here` }
  const [first = '', ...args] = proof.command
  const file = first === 'node' ? process.execPath : first
  const child = spawn(file, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a late proof takes what it started along. Windows has no groups.
    detached: process.platform !== 'win32',
  })
  let lastLine = ''
  const listen = (chunk: Buffer) => {
    process.stdout.write(chunk)
    lastLine = chunk.toString('utf8').trimEnd().split('\n').at(-1) ?? lastLine
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const kill = () => {
    if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  }
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    kill()
  }, proof.limitMs)
  // Being of another group, the proof does not hear what the terminal says to us.
  const interrupted = () => {
    kill()
    process.exit(130)
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (exitCode) => resolve(exitCode))
  })
  clearTimeout(timer)
  process.off('SIGINT', interrupted)
  process.off('SIGTERM', interrupted)
  if (isLate) return { verdict: 'failed', why: `killed after ${proof.limitMs / 1000} s` }
  if (code === 0) return { verdict: 'ok', why: lastLine }
  return { verdict: code === NOT_RUN ? 'not run' : 'failed', why: lastLine }
}

function isOnPath(tool: string): boolean {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : ['']
  return (process.env.PATH ?? '').split(delimiter).some((folder) =>
    endings.some((ending) => {
      try {
        accessSync(join(folder, tool + ending), constants.X_OK)
        return true
      } catch {
        return false
      }
    }),
  )
}
