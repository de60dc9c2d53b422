/** Starts the brokers that the workloads of protocols run against: ours, and RabbitMQ. Whoever starts one closes it. */
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from '../../src/base/assert.ts'
import type { Address } from '../../src/base/ports.ts'
import { findProduct } from '../rivals.ts'
import { type Server, startNodeServer, startServer } from '../server.ts'
import type { Stage } from '../stage.ts'
import type { Finding } from '../workload.ts'
import type { ServerPlan } from './naru-server.ts'

export interface RunningBroker extends AsyncDisposable {
  readonly address: Extract<Address, { readonly kind: 'tcp' }>
  readonly server: Server
}

const NARU = fileURLToPath(new URL('./naru-server.js', import.meta.url))

/** The scripts of Debian's package first: what lies on its PATH changes the user and says nothing. */
const RABBITMQ_PLACES: readonly string[] = [
  '/usr/lib/rabbitmq/bin',
  ...(process.env.PATH ?? '').split(delimiter),
]

/** Our broker with one listener, in the stage's directory; the stage counts what it costs. */
export async function startNaru(
  stage: Stage,
  plan: Omit<ServerPlan, 'directory'>,
): Promise<RunningBroker> {
  const whole: ServerPlan = { directory: join(stage.directory, 'broker'), ...plan }
  const server = await startNodeServer({
    args: [NARU, JSON.stringify(whole)],
    ready: /^ready (\d+)$/m,
  })
  stage.watch(server.probe, 'server')
  return running(server, Number(server.ready[1]), async () => {})
}

/** Whether RabbitMQ can be started here, and which. */
export async function findRabbitmq(): Promise<Finding> {
  const found = await findProduct('rabbitmq')
  if (found.kind === 'absent' || rabbitmqScript() !== null) return found
  return { kind: 'absent', why: 'rabbitmqctl is here, rabbitmq-server is not on the PATH' }
}

/** A RabbitMQ of its own: node name, ports, name daemon, files; nothing of another one is touched. */
export async function startRabbitmq(stage: Stage): Promise<RunningBroker> {
  const script = rabbitmqScript()
  assert(script !== null, 'a variant runs where it was found')
  const directory = join(stage.directory, 'rabbitmq')
  await mkdir(directory)
  const [port, distributionPort, epmdPort] = await freePorts(3)
  await writeFile(join(directory, 'enabled_plugins'), '[].\n')
  const env = {
    HOME: directory, // the node's cookie
    ERL_EPMD_PORT: `${epmdPort}`,
    RUNNING_UNDER_SYSTEMD: 'true', // the process we start becomes the node, so that it is the one measured
    RABBITMQ_NODENAME: `naru-bench-${process.pid}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${distributionPort}`,
    RABBITMQ_CONF_ENV_FILE: join(directory, 'no-environment'),
    RABBITMQ_CONFIG_FILE: join(directory, 'no-configuration'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(directory, 'data'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_SCHEMA_DIR: join(directory, 'schema'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(directory, 'configuration'),
  }
  const ready = /completed with \d+ plugins/
  const server = await startServer({ command: script, args: [], ready, directory, env })
  stage.watch(server.probe, 'server')
  return running(server, port!, () => endNameDaemon(epmdPort!))
}

function running(server: Server, port: number, after: () => Promise<void>): RunningBroker {
  return {
    server,
    address: { kind: 'tcp', host: '127.0.0.1', port },
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await after()
    },
  }
}

/** Erlang's name daemon leaves the group of whoever starts it, and would stay for ever. */
async function endNameDaemon(port: number): Promise<void> {
  const ask = promisify(execFile)
  await ask('epmd', ['-port', `${port}`, '-kill']).catch(() => {}) // gone already, or not on the PATH
}

function rabbitmqScript(): string | null {
  for (const place of RABBITMQ_PLACES) {
    const path = join(place, 'rabbitmq-server')
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // not here
    }
  }
  return null
}

/** Ports that nobody listens on, taken together so that no two are the same. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert(typeof address === 'object' && address !== null, 'a port of TCP')
    ports.push(address.port)
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  return ports
}
