/**
 * A test that awaits millions of promises, done before the test runner begins to watch each of them: it takes
 * a third of the time so. One in a file, because the runner watches from the first test on.
 */
import test from 'node:test'

/** `work` throws what is wrong, or answers a line for people. */
export async function longTest(title: string, work: () => Promise<string>): Promise<void> {
  const [outcome] = await Promise.allSettled([work()])
  test(title, (context) => {
    if (outcome.status === 'rejected') throw outcome.reason
    context.diagnostic(outcome.value)
  })
}
