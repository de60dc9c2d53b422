/**
 * `npm run proof`: runs the long proofs of proofs.ts and says of each `ok`, `failed` or `not run`
 * and why. What a proof does not say with its exit code, it has not said.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Proof, proofs } from './proofs.ts'

const USAGE = `usage: npm run proof -- [--list] [NAME...]
  NAME     run only this proof (may be given again)
  --list   print the proofs instead of running them`

const root = join(import.meta.dirname, '..', '..')

/** How a proof says that it could not be run here. */
const NOT_RUN = 3

interface Outcome {
  readonly verdict: 'ok' | 'failed' | 'not run'
  readonly why: string
}

async function runProof(proof: Proof): Promise<Outcome> {
  const missing = proof.needs.filter((tool) => !isOnPath(tool))
  if (missing.length > 0) return { verdict: 'not run', why: `${missing.join(', ')} is not here` }
  const [first = '', ...args] = proof.command
  const file = first === 'node' ? process.execPath : first
  const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let lastLine = ''
  const listen = (chunk: Buffer) => {
    process.stdout.write(chunk)
    lastLine = chunk.toString('utf8').trimEnd().split('\n').at(-1) ?? lastLine
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, proof.limitMs)
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (exitCode) => resolve(exitCode))
  })
  clearTimeout(timer)
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

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter((name) => !proofs.some((proof) => proof.name === name))
  if (values.help || unknown.length > 0) {
    for (const name of unknown) console.log(`there is no proof '${name}'`)
    console.log(USAGE)
    return values.help ? 0 : 1
  }
  const chosen = proofs.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  if (values.list) {
    for (const proof of chosen) console.log(`${proof.name.padEnd(12)}${proof.about}`)
    return 0
  }
  const lines: string[] = []
  let failedCount = 0
  for (const proof of chosen) {
    console.log(`proof: ${proof.name}: ${proof.about}`)
    const startedMs = performance.now()
    const { verdict, why } = await runProof(proof)
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
    const reason = why === '' ? '' : `: ${why}`
    lines.push(`${proof.name.padEnd(12)}${verdict} in ${seconds} s${reason}`)
    if (verdict === 'failed') failedCount += 1
  }
  for (const line of lines) console.log(line)
  return failedCount === 0 ? 0 : 1
}

process.exitCode = await main()
