/** `npm run crash -- --kill N`: N kills, of a process that appends or of a broker under a client's load. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type KilledProtocol, runBrokerKills } from './broker-rounds.ts'
import type { KillScale } from './kill-limits.ts'
import { runKillRounds } from './kill-rounds.ts'

const USAGE = `usage: npm run crash -- --kill N [--protocol amqp|kafka] [--seed S]
  --kill N       so many kills of a real process: half with tiny files, half with files as they are used
  --protocol P   of naru serve instead, under the load of a client in another process
  --seed S       where the moments are drawn from (default: 1)`

const protocols: readonly string[] = ['amqp', 'kafka']

/** Hands out a directory that stays when the work in it fails. */
async function inDirectory(
  name: string,
  work: (directory: string, told: (line: string) => void) => Promise<void>,
): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'naru-kill-'))
  const directory = join(parent, 'data')
  const told = (line: string): void => console.log(`${name}: ${line}`)
  try {
    await work(directory, told)
  } catch (error) {
    told(`the directory is left at ${directory}`)
    throw error
  }
  await rm(parent, { recursive: true })
}

function killJournal(scale: KillScale, rounds: number, seed: number): Promise<void> {
  return inDirectory(scale, async (directory, told) => {
    const { acknowledged, beyond } = await runKillRounds({ directory, scale, seed, rounds, told })
    told(`${rounds} kills, ${acknowledged} acknowledged entries, 0 lost`)
    told(`${beyond} entries were there without having been acknowledged`)
  })
}

function killBroker(protocol: KilledProtocol, rounds: number, seed: number): Promise<void> {
  return inDirectory(protocol, async (directory, told) => {
    const { acked, verdict } = await runBrokerKills({ protocol, directory, seed, rounds, told })
    told(`${rounds} kills, ${acked} confirmed, 0 lost`)
    for (const [notice, count] of verdict.notices) told(`${count} ${notice}`)
  })
}

const { values } = parseArgs({
  options: {
    kill: { type: 'string' },
    seed: { type: 'string', default: '1' },
    protocol: { type: 'string', default: '' },
  },
})
const [rounds, seed] = [Number(values.kill), Number(values.seed)]
const isSound =
  Number.isSafeInteger(rounds) && rounds > 0 && Number.isSafeInteger(seed) && seed >= 0
if (!isSound || (values.protocol !== '' && !protocols.includes(values.protocol))) {
  console.log(USAGE)
  process.exitCode = 1
} else if (values.protocol !== '') await killBroker(values.protocol as KilledProtocol, rounds, seed)
else {
  await killJournal('tiny', Math.ceil(rounds / 2), seed)
  if (rounds > 1) await killJournal('default', Math.floor(rounds / 2), seed)
}
