/** A fresh process that opens a broker in memory, sends one message and consumes it, and says how long that took. */
const startMs = performance.now()
const { Broker } = (await import(process.argv[2] ?? '')) as typeof import('../../src/mod.ts')
const broker = await Broker.open()
const queue = await broker.queue<string>('hello', {})
await queue.send('world')
for await (const message of queue.consume()) {
  message.ack()
  process.stdout.write(`${message.body} ${performance.now() - startMs}\n`)
  break
}
await broker.close()
