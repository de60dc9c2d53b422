/**
 * Runs a long proof in one process for each core, each on a share of the work, and says now and then how far
 * all of them are. What the work is and what it counts is the proof's own. With `--part=K/N` it does the K-th of N
 * parts, so that a proof of many hours can be seen through in several goes.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Those of a list whose index leaves `share` when divided by `of`. */
export type Share = { readonly share: number; readonly of: number }

export function* shareOf<T>(all: Iterable<T>, { share, of }: Share): Generator<T> {
  let index = 0
  for (const one of all) if (index++ % of === share) yield one
}

/** A go at a proof: the `part`-th of `parts`, from 1. */
type Part = { readonly part: number; readonly parts: number }

/** What the arguments ask for; all of it where they ask for nothing. */
export function partIn(args: readonly string[]): Part {
  const asked = args.find((arg) => arg.startsWith('--part='))
  if (asked === undefined) return { part: 1, parts: 1 }
  const [part = 0, parts = 0] = asked.slice('--part='.length).split('/').map(Number)
  if (Number.isInteger(parts) && part >= 1 && part <= parts && Number.isInteger(part)) {
    return { part, parts }
  }
  throw new Error(`'${asked}' is no part: --part=1/20 is the first of twenty`)
}

/** What each process of this go does; over all goes everything is done once. */
export function sharesOf({ part, parts }: Part, processes: number): readonly Share[] {
  const of = parts * processes
  return Array.from({ length: processes }, (_, index) => ({
    share: (part - 1) * processes + index,
    of,
  }))
}

export interface SharedProof<Told> {
  /** The file that calls `proveInShares`: each share is this program again. */
  readonly program: string
  /** Does one share; tells its totals so far whenever it got further. Throws what it found wrong. */
  work(share: Share, tell: (totals: Told) => void): Promise<void>
  /** One line for people, from the newest totals of each share. */
  describe(totals: readonly Told[]): string
  /** Asked of the totals at the end; throws when the proof did not come past what it is about. */
  judge(totals: readonly Told[]): void
}

const PROGRESS_MS = 30_000

/** As the program that people start: shares the work out. As one of its children: does a share. */
export async function proveInShares<Told>(proof: SharedProof<Told>): Promise<void> {
  const [share, of] = process.argv.slice(2).map(Number)
  if (process.send !== undefined && share !== undefined && of !== undefined) {
    const tell = (totals: Told): void => {
      process.send?.(totals)
    }
    await proof.work({ share, of }, tell)
    process.disconnect()
    return
  }
  const go = partIn(process.argv)
  const which = go.parts === 1 ? '' : `part ${go.part} of ${go.parts}, `
  const totals: Told[] = []
  const say = (): void => console.log(`${which}${proof.describe(totals.filter(isTold))}`)
  const timer = setInterval(say, PROGRESS_MS)
  try {
    await superviseAll(proof.program, sharesOf(go, availableParallelism()), (index, told) => {
      totals[index] = told as Told
    })
    if (go.parts === 1) proof.judge(totals.filter(isTold))
    say()
  } finally {
    clearInterval(timer)
  }
}

function isTold<Told>(totals: Told | undefined): totals is Told {
  return totals !== undefined
}

/** One child for each core. The first that fails ends them all. */
async function superviseAll(
  program: string,
  shares: readonly Share[],
  told: (index: number, message: unknown) => void,
): Promise<void> {
  const children = shares.map(({ share, of }) => fork(program, [String(share), String(of)]))
  const ends = children.map((child, index) => {
    child.on('message', (message) => {
      told(index, message)
    })
    return ended(child)
  })
  try {
    await Promise.all(ends)
  } catch (error) {
    for (const child of children) child.kill('SIGKILL')
    throw error
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`a share ended with ${code ?? signal}`))
    })
  })
}
