/** `npm run crash -- --kill N [--seed S]`: N kills of a process that appends, half with tiny files. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { KillScale } from './kill-limits.ts'
import { runKillRounds } from './kill-rounds.ts'

const USAGE = `usage: npm run crash -- --kill N [--seed S]
  --kill N   so many kills of a real process
  --seed S   where the moments are drawn from (default: 1)`

async function kill(scale: KillScale, rounds: number, seed: number): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'naru-kill-'))
  const told = (line: string): void => console.log(`${scale}: ${line}`)
  const directory = join(parent, 'data')
  try {
    const { acknowledged, beyond } = await runKillRounds({ directory, scale, seed, rounds, told })
    console.log(`${scale}: ${rounds} kills, ${acknowledged} acknowledged entries, 0 lost`)
    console.log(`${scale}: ${beyond} entries were there without having been acknowledged`)
  } catch (error) {
    console.log(`${scale}: seed ${seed}: the directory is left at ${directory}`)
    throw error
  }
  await rm(parent, { recursive: true })
}

const { values } = parseArgs({
  options: { kill: { type: 'string' }, seed: { type: 'string', default: '1' } },
})
const [rounds, seed] = [Number(values.kill), Number(values.seed)]
if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed) || seed < 0) {
  console.log(USAGE)
  process.exitCode = 1
} else {
  await kill('tiny', Math.ceil(rounds / 2), seed)
  if (rounds > 1) await kill('default', Math.floor(rounds / 2), seed)
}
