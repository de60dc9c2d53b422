/** A command run as a child process, as a user runs it: what it printed, and how it ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What stands behind `ready` on stdout. */
export interface Ready {
  readonly urls: Readonly<Record<string, string>>
  readonly dir: string | null
  readonly durability: string
  readonly pid: number
  readonly version: string
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The command as it is built, and the same with planted listeners. */
export type Script = 'naru' | 'planted'

const scripts: Readonly<Record<Script, string>> = {
  naru: fileURLToPath(new URL('../../src/cli/main.js', import.meta.url)),
  planted: fileURLToPath(new URL('./planted-naru.js', import.meta.url)),
}

export class NaruProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<Exit>
  readonly #watchers: Set<() => void>
  stdout: string
  stderr: string

  constructor(script: Script, args: readonly string[]) {
    this.stdout = ''
    this.stderr = ''
    this.#watchers = new Set()
    this.#child = spawn(process.execPath, [scripts[script], ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#wake()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#wake()
    })
    this.#exited = new Promise((resolve) => {
      // `close`, not `exit`: by then all that it printed has been read.
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  /** The one line on stdout. Rejects when the process ends without it. */
  async ready(): Promise<Ready> {
    await this.until(() => this.stdout.includes('\n'))
    return JSON.parse(this.stdout.slice('ready '.length)) as Ready
  }

  /** Resolves once what was printed so far meets the test. Rejects when the process ends before. */
  async until(isMet: () => boolean): Promise<void> {
    const met = new Promise<void>((resolve) => {
      const watch = (): void => {
        if (isMet()) resolve()
      }
      this.#watchers.add(watch)
      watch()
    })
    const early = this.#exited.then(({ code, signal }) => {
      if (!isMet()) throw new Error(`it ended with ${code ?? signal}: ${this.stderr}`)
    })
    await Promise.race([met, early])
  }

  /** Nobody reads what it prints on stdout from now on, as behind `| head`. */
  stopReading(): void {
    this.#child.stdout?.destroy()
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  exit(): Promise<Exit> {
    return this.#exited
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  #wake(): void {
    for (const watch of this.#watchers) watch()
  }
}
