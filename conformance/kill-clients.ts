/**
 * Kills `naru serve` under the clients that people use, amqplib and kafkajs: the same rounds and the same books as
 * test/kill, which has clients of its own. The libraries are installed outside this tree.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type KilledProtocol, runBrokerKills } from '../test/kill/broker-rounds.ts'
import { fetchBy, notRun } from './not-run.ts'
import { CLIENTS_VARIABLE } from './real-client.ts'

const clients: Readonly<
  Record<KilledProtocol, { readonly name: string; readonly version: string }>
> = {
  amqp: { name: 'amqplib', version: '2.3.1' },
  kafka: { name: 'kafkajs', version: '2.2.4' },
}

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})

const scratch = await mkdtemp(join(tmpdir(), 'naru-clients-'))
const given = positionals[0]
const installed = given === undefined ? await install(scratch) : resolve(given)
if (installed === null) {
  process.exitCode = notRun('npm could not install the clients')
} else {
  process.env[CLIENTS_VARIABLE] = installed
  for (const protocol of ['amqp', 'kafka'] as const) await kill(protocol)
}
await rm(scratch, { recursive: true, force: true })

/** null where the registry cannot be reached. */
async function install(directory: string): Promise<string | null> {
  const packages = Object.values(clients).map(({ name, version }) => `${name}@${version}`)
  const arguments_ = ['install', '--prefix', directory, '--ignore-scripts', '--no-audit']
  return (await fetchBy('npm', [...arguments_, ...packages], directory)) ? directory : null
}

async function kill(protocol: KilledProtocol): Promise<void> {
  const { name, version } = clients[protocol]
  const client = fileURLToPath(new URL(`./kill-${name}.js`, import.meta.url))
  const told = (line: string): void => console.log(`${name}: ${line}`)
  const [rounds, seed] = [Number(values.rounds), Number(values.seed)]
  const directory = join(scratch, protocol)
  const { acked, verdict } = await runBrokerKills({
    ...{ protocol, directory, seed, rounds },
    told,
    client,
  })
  told(`${version}: ${rounds} kills, ${acked} confirmed, 0 lost, 0 invented, 0 doubled unsaid`)
  for (const [notice, count] of verdict.notices) told(`${count} ${notice}`)
}
