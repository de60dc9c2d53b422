/**
 * Runs another program as the measured section: a Python rival, a C client. The program measures itself and
 * prints one line of JSON, `{"operations": N, "seconds": S, "cpuSeconds": C, "peakRssBytes": B}`, as its last.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { BadAnswer, parseFields, parseNumber, parseNumberOrNull } from './protocol.ts'
import type { Claim } from './stage.ts'

const OUTPUT_LENGTH_MAX = 64 * 1024 // a program that chatters more is not the one we meant

/** Resolves with what the program says of itself, to be handed to `section.claim`. */
export async function runForeign(command: string, args: readonly string[]): Promise<Claim> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    output = (output + text).slice(-OUTPUT_LENGTH_MAX)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new BadAnswer(`${command} ended with code ${code}`)
  return parseClaim(output)
}

/** Path of a file that lies beside a workload's source, where the compiler leaves it: a Python program, say. */
export function sourceFile(module: string, name: string): string {
  const beside = new URL(name, module)
  beside.pathname = beside.pathname.replace('/build/bench/', '/bench/')
  return fileURLToPath(beside)
}

/** The last line of a program's output, as figures. A figure that the program cannot tell is null or left out. */
export function parseClaim(output: string): Claim {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new BadAnswer(`the last line is not JSON: ${line.slice(0, 80)}`) // enough to recognise it
  }
  const fields = { cpuSeconds: null, peakRssBytes: null, ...parseFields(value, 'last line') }
  return {
    operations: parseNumber(fields, 'operations'),
    seconds: parseNumber(fields, 'seconds'),
    cpuSeconds: parseNumberOrNull(fields, 'cpuSeconds'),
    peakRssBytes: parseNumberOrNull(fields, 'peakRssBytes'),
    loop: null,
  }
}
