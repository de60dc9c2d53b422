/** The other process of the process benches: sends the same small message for as long as somebody takes it. */

import { Service } from '../../src/channels/mod.ts'
import { connectChannel, listenRpc, openCoordinator } from '../../src/channels/processes/mod.ts'

const [role = '', path = '', size = '100'] = process.argv.slice(2)
const address = { kind: 'unix', path } as const
const text = 'x'.repeat(Number(size))
const TURN = 1_000 // messages between two looks at whether the parent is still there

async function overChannel(): Promise<void> {
  const channel = await connectChannel<string>(address, { patienceMs: 10_000 })
  while (!channel.closed) if (!channel.tryPut(text)) await channel.put(text).catch(() => undefined)
}

/** As fast as the system's own channel lets it: it says so by its answer. */
function overSend(): void {
  const send = (): void => {
    for (let count = 0; count < TURN; count++) if (process.send?.(text) === false) break
    setImmediate(send)
  }
  process.on('disconnect', () => process.exit())
  send()
}

async function answering(): Promise<void> {
  const service = new Service()
  service.serve('double', (value: number) => value * 2)
  await listenRpc(address, { service })
  process.stdout.write('ready\n')
}

async function coordinating(): Promise<void> {
  await openCoordinator(address)
  process.stdout.write('ready\n')
}

const roles: Readonly<Record<string, () => Promise<void> | void>> = {
  channel: overChannel,
  send: overSend,
  rpc: answering,
  coordinator: coordinating,
}
await roles[role]?.()
