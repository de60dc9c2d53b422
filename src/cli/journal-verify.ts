/** `naru journal verify`: one line for each finding, and one that says how many there are. */
import type { Finding } from '../journal/tools/problem.ts'
import { verifyJournal } from '../journal/tools/verify.ts'
import { CommandError } from './failure.ts'
import { onDirectory, print } from './journal-tool.ts'

export async function verify(directory: string): Promise<void> {
  const findings = await onDirectory(directory, verifyJournal)
  for (const finding of findings) print(describe(finding))
  if (findings.length === 0) return print('clean')
  print(findings.length === 1 ? '1 finding' : `${findings.length} findings`)
  const isDamaged = findings.some(({ severity }) => severity === 'damage')
  const advice = isDamaged
    ? `'naru journal repair' mends what can be mended, after it made a copy`
    : 'the next start clears it up, and nothing is lost'
  throw new CommandError(`${directory} is not clean: ${advice}`)
}

export function describe({ file, offset, severity, what }: Finding): string {
  return `${file}: byte ${offset}: ${severity}: ${what}`
}
