/** Verifies a journal's directory: reads all that means something, reports what is wrong, changes nothing. */
import type { SurveyContext } from './ground.ts'
import { holding } from './hold.ts'
import type { Finding } from './problem.ts'
import { surveyJournal } from './survey.ts'

/** Every finding; none: the directory is clean and opens. Rejects when it is in use, or no directory at all. */
export function verifyJournal(context: SurveyContext): Promise<readonly Finding[]> {
  return holding(context.disk, context.path, async () => {
    const { problems } = await surveyJournal(context)
    return problems.map(({ file, offset, severity, what }) => ({ file, offset, severity, what }))
  })
}
