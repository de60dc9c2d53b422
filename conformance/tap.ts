/** Reads what `node --test` prints as TAP: the outcome of each test by the path of its names. It runs nothing. */

export interface Outcome {
  /** `suite > test`. */
  readonly name: string
  readonly kind: 'passed' | 'failed' | 'skipped'
}

const STARTED = /^( *)# Subtest: (.*)$/
const ENDED = /^( *)(not )?ok \d+ - (.*?)( # (SKIP|TODO).*)?$/

/** The outcome of every test, of suites only through their tests. */
export function readTap(text: string): Outcome[] {
  const outcomes: Outcome[] = []
  /** What is open at each depth, and whether anything was opened within. */
  const open: { name: string; hasChildren: boolean }[] = []
  for (const line of text.split('\n')) {
    const started = STARTED.exec(line)
    if (started !== null) {
      open.length = depthOf(started[1])
      const parent = open.at(-1)
      if (parent !== undefined) parent.hasChildren = true
      open.push({ name: started[2] ?? '', hasChildren: false })
      continue
    }
    const ended = ENDED.exec(line)
    if (ended === null) continue
    const depth = depthOf(ended[1])
    const self = open[depth]
    if (self?.hasChildren === true) continue
    const path = [...open.slice(0, depth).map(({ name }) => name), ended[3] ?? '']
    const failed = ended[2] === undefined ? 'passed' : 'failed'
    outcomes.push({ name: path.join(' > '), kind: ended[4] === undefined ? failed : 'skipped' })
  }
  return outcomes
}

function depthOf(indent: string | undefined): number {
  return (indent ?? '').length / 4
}
