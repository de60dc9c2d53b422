/** What a script does that cannot get at a foreign suite or client: it says why, and ends as the proofs do. */
import { spawn } from 'node:child_process'

const NOT_RUN = 3

/** Answers the exit code. */
export function notRun(why: string): number {
  console.log(`not run: ${why}`)
  return NOT_RUN
}

/** Runs a program that fetches something, and lets it say what it has to; false where it failed or is not there. */
export function fetchBy(
  program: string,
  arguments_: readonly string[],
  cwd: string,
): Promise<boolean> {
  return new Promise((done) => {
    const child = spawn(program, arguments_, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', () => done(false))
    child.once('close', (code) => done(code === 0))
  })
}

/** A version of a repository, in this directory. */
export function cloneBy(
  { repository, version }: { readonly repository: string; readonly version: string },
  directory: string,
): Promise<boolean> {
  const clone = ['clone', '--quiet', '--depth', '1', '--branch', version, repository, directory]
  return fetchBy('git', clone, '.')
}
