/** Starts worker processes for a test, hears what they say, and leaves none behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const WORKER = join(import.meta.dirname, 'worker.js')

export interface Hand {
  readonly child: ChildProcess
  /** Lines that it has printed so far. */
  readonly lines: readonly string[]
  /** The next line that it prints. */
  line(): Promise<string>
  /** How it ended: its exit code, or the signal that killed it. */
  readonly ended: Promise<number | string | null>
}

export class Crew implements AsyncDisposable {
  readonly #directory: string
  readonly #hands: Hand[] = []

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async gather(): Promise<Crew> {
    return new Crew(await mkdtemp(join(tmpdir(), 'naru-crew-')))
  }

  /** A path that nobody else uses. */
  path(name: string): string {
    return join(this.#directory, name)
  }

  hire(role: string, path: string, ...numbers: readonly number[]): Hand {
    const stdio = ['ignore', 'pipe', 'inherit', role === 'pipe' ? 'pipe' : 'ignore'] as const
    const child = spawn(process.execPath, [WORKER, role, path, ...numbers.map(String)], {
      stdio: [...stdio],
    })
    const lines: string[] = []
    const input = child.stdout
    if (input === null) throw new Error('a worker has an output')
    const reader = createInterface({ input })
    reader.on('line', (line) => lines.push(line))
    const line = async (): Promise<string> => {
      const [next] = (await once(reader, 'line')) as [string]
      return next
    }
    const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string)
    const hand = { child, lines, line, ended }
    this.#hands.push(hand)
    return hand
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#hands) child.kill('SIGKILL')
    await Promise.all(this.#hands.map(({ ended }) => ended))
    await rm(this.#directory, { recursive: true, force: true })
  }
}
