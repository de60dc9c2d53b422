/** A fresh process that opens a broker's directory and says how many messages wait in it and how long it took. */
import { Broker } from '../../src/mod.ts'

const startMs = performance.now()
const broker = await Broker.open({ dir: process.argv[2] ?? '' })
const ms = performance.now() - startMs
const queue = await broker.queue('backlog')
process.stdout.write(`${queue.readyCount} ${ms}\n`)
await broker.close()
