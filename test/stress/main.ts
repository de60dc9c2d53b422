/** `npm run stress`: minutes of real threads and processes, of random sizes, that are killed at random points. */
import { parseArgs } from 'node:util'
import { Bout, playBout } from './bout.ts'
import { kinds } from './kinds.ts'

const USAGE = `usage: npm run stress -- [--minutes N] [--seed S] [--only KIND] [--bouts N]
  --minutes N   how long (default: 5)
  --seed S      of the first bout; each one after it has the next (default: drawn)
  --only KIND   only kinds whose name begins so: ${[...kinds.keys()].join(', ')}
  --bouts N     no more than so many: 1 to play again what a failure names. What was drawn is the same
                again; how threads and processes take turns is not.`

const PROGRESS_MS = 5_000
const MINUTE_MS = 60_000

interface Plan {
  readonly names: readonly string[]
  readonly minutes: number
  readonly seed: number
  readonly bouts: number
}

function planOf(args: readonly string[]): Plan | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string', default: '' },
      bouts: { type: 'string', default: 'Infinity' },
      help: { type: 'boolean', default: false },
    },
  })
  const names = [...kinds.keys()].filter((name) => name.startsWith(values.only))
  const [minutes, seed, bouts] = [values.minutes, values.seed, values.bouts].map(Number)
  const isSound = Number.isSafeInteger(seed) && Number(seed) >= 0 && Number(minutes) > 0
  if (values.help || names.length === 0 || !isSound || !(Number(bouts) > 0)) return null
  return { names, minutes: Number(minutes), seed: Number(seed), bouts: Number(bouts) }
}

/** What has been done so far, told every few seconds. */
class Progress {
  readonly #tally = new Map<string, { bouts: number; operations: number }>()
  readonly #sinceMs = performance.now()
  #bout: Bout | null = null
  readonly #timer: NodeJS.Timeout = setInterval(() => this.tell(), PROGRESS_MS)

  begins(bout: Bout): void {
    this.#bout = bout
  }

  over({ name }: Bout, operations: number): void {
    const known = this.#tally.get(name) ?? { bouts: 0, operations: 0 }
    known.bouts++
    known.operations += operations
    this.#tally.set(name, known)
  }

  tell(): void {
    const seconds = Math.round((performance.now() - this.#sinceMs) / 1_000)
    const parts = [...this.#tally].map(([name, { bouts }]) => `${name} ${bouts}`)
    console.log(`${seconds} s: ${parts.join(', ')}; now ${this.#bout?.name} ${this.#bout?.seed}`)
  }

  end(): void {
    clearInterval(this.#timer)
    for (const [name, { bouts, operations }] of this.#tally) {
      console.log(`${name.padEnd(20)}${bouts} bouts, ${operations} operations`)
    }
  }
}

async function run({ names, minutes, seed, bouts }: Plan): Promise<number> {
  console.log(`seed ${seed}, ${minutes} minutes of ${names.join(', ')}`)
  const progress = new Progress()
  const untilMs = performance.now() + minutes * MINUTE_MS
  try {
    for (let number = 0; number < bouts && performance.now() < untilMs; number++) {
      const name = names[number % names.length] as string
      const bout = new Bout(name, seed + number)
      progress.begins(bout)
      try {
        progress.over(bout, await playBout(bout, kinds.get(name)!))
      } catch (error) {
        console.error(error)
        console.error(`failed: npm run stress -- --only ${name} --seed ${bout.seed} --bouts 1`)
        return 1
      }
    }
    return 0
  } finally {
    progress.end()
  }
}

const plan = planOf(process.argv.slice(2))
if (plan === null) console.error(USAGE)
// A thread or process that hangs must not keep this one: it has said so, and ends.
process.exit(plan === null ? 2 : await run(plan))
