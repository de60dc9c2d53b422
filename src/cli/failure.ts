/** How a command ends when it cannot do what was asked: one sentence for people, one exit code. */

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly exitCode = 2
}

/** The command line is right, and the world does not allow it: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode = 1
}
