/** The other half of the seeds: one program, two ways in, one durable state. */
import { twinTest } from './twin-test.ts'

twinTest({ from: 31, count: 30 })
