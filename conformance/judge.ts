/** Says how a foreign suite went, against the list of failures that are expected. It runs nothing. */
import type { Outcome } from './tap.ts'

/** Prints what there is to know; answers the exit code. */
export function judge(
  suite: string,
  outcomes: readonly Outcome[],
  expectedFailures: ReadonlyMap<string, string>,
): number {
  const named = (kind: Outcome['kind']): string[] =>
    outcomes.filter((outcome) => outcome.kind === kind).map(({ name }) => name)
  const [passed, failed, skipped] = [named('passed'), named('failed'), named('skipped')]
  const unexpected = failed.filter((name) => !expectedFailures.has(name))
  const better = passed.filter((name) => expectedFailures.has(name))
  const known = new Set(outcomes.map(({ name }) => name))
  const gone = [...expectedFailures.keys()].filter((name) => !known.has(name))
  for (const name of unexpected) console.log(`failed: ${name}`)
  for (const name of better) console.log(`passed, and is on the list of failures: ${name}`)
  for (const name of gone) console.log(`not run, and is on the list of failures: ${name}`)
  const expected = failed.length - unexpected.length
  console.log(
    `${suite}: ${passed.length} passed, ${expected} failed as expected, ` +
      `${unexpected.length} failed, ${skipped.length} skipped`,
  )
  const surprises = unexpected.length + better.length + gone.length
  return passed.length > 0 && surprises === 0 ? 0 : 1
}
