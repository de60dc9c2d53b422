/**
 * The command with a planted table of listeners, run as a child process by the tests of src/cli/:
 * `one` and `two` listen and say when they close; `stuck` never finishes closing; `broken` fails.
 */
import type { ListenerContext, ListenerKind, OpenListener } from '../../src/broker/listener.ts'
import { run } from '../../src/cli/program.ts'

async function listen(name: string, context: ListenerContext): Promise<OpenListener> {
  const { world, log } = context
  const listener = await world.net.listen(context.address, (connection) => connection.destroy())
  const { address } = listener
  if (address.kind !== 'tcp') throw new Error('planted listeners are TCP')
  log.info(`${name} is open`)
  return {
    url: `${name}://${address.host}:${address.port}`,
    begin: () => log.info(`${name} has begun`),
    close: async () => {
      await listener.close()
      log.info(`${name} is closed`)
    },
  }
}

function plant(name: string, defaultPort: number): ListenerKind {
  const description = `planted ${name}`
  return { name, defaultPort, description, open: (context) => listen(name, context) }
}

const stuck: ListenerKind = {
  ...plant('stuck', 0),
  open: async (context) => {
    const { url, begin } = await listen('stuck', context)
    return {
      url,
      begin,
      close: () =>
        new Promise(() => {
          context.log.info('stuck is closing')
          context.world.scheduler.after(60_000, () => {}) // the process does not end by itself
        }),
    }
  },
}

const broken: ListenerKind = {
  ...plant('broken', 0),
  open: async (context) => {
    const { url, begin, close } = await listen('broken', context)
    return {
      url,
      begin,
      close: () => close().then(() => Promise.reject(new Error('a planted failure'))),
    }
  },
}

process.exitCode = await run(process.argv.slice(2), [
  plant('one', 0),
  plant('two', 0),
  stuck,
  broken,
])
