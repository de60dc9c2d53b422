/**
 * Logs of several services go through one channel into batches. Where a service floods it, the newest lines
 * are dropped and counted: logging never stops the work. Run it: `node build/examples/log-collection.js`.
 */
// In your program: from 'naru/channels'.
import { batch, channel, filter } from '../src/channels/mod.ts'

interface Line {
  readonly service: string
  readonly level: 'debug' | 'info' | 'error'
  readonly text: string
}

const lines = channel<Line>({ name: 'logs', capacity: 8, whenFull: 'drop-newest' })

function logger(service: string): (level: Line['level'], text: string) => void {
  return (level, text) => lines.offer({ service, level, text })
}

/** Stands for the disk: one write for many lines. */
function store(written: readonly Line[]): void {
  console.log(`write ${written.length}: ${written.map(({ text }) => text).join(', ')}`)
}

const worthKeeping = filter(lines, ({ level }) => level !== 'debug')
const batches = batch(worthKeeping, { count: 3, withinMs: 50 })
const collecting = (async () => {
  for await (const written of batches) store(written)
})()

const shop = logger('shop')
const bank = logger('bank')
shop('info', 'order 1')
bank('debug', 'asked')
bank('error', 'refused')
shop('info', 'order 2')
shop('info', 'order 3')
for (let number = 1; number <= 10; number++) bank('info', `retry ${number}`) // a flood
lines.close()

await collecting
console.log(`dropped ${lines.stats().dropped} of ${lines.stats().dropped + lines.stats().put}`)
