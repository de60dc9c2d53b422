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
  for (const name of unexpected) console.log(`failed: ${name}`)
  for (const name of better) console.log(`passed, and is on the list of failures: ${name}`)
  const expected = failed.length - unexpected.length
  console.log(
    `${suite}: ${passed.length} passed, ${expected} failed as expected, ` +
      `${unexpected.length} failed, ${skipped.length} skipped`,
  )
  return passed.length > 0 && unexpected.length === 0 && better.length === 0 ? 0 : 1
}
