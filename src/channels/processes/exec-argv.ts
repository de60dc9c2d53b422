/** Which of this process's own options to node a process of a pool is started with. Pure. */

/** Options that are about this program's own script, and take the next argument with them. */
const ownWithValue = new Set(['-e', '--eval', '-p', '--print', '-pe', '--input-type'])
/** Options that are about this program's own script, port or life. */
const own =
  /^(-c|--check|-i|--interactive|--watch.*|--test.*|--inspect.*|--input-type=.*|--eval=.*|--print=.*)$/

export function inheritedExecArgv(execArgv: readonly string[]): readonly string[] {
  const kept: string[] = []
  for (let index = 0; index < execArgv.length; index += 1) {
    const option = execArgv[index] ?? ''
    if (ownWithValue.has(option)) index += 1
    else if (!own.test(option)) kept.push(option)
  }
  return kept
}
