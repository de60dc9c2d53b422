/** A forked process that answers each number with the next: what Node's own channel can do. */
import { increment } from './pool-bench-tasks.ts'

process.on('message', (value: number) => {
  process.send?.(increment(value))
})
