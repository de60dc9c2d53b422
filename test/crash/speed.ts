/** Prints how fast crash states are made and recovered, on the toy store. Run by hand; asserts nothing. */
import { enumerate } from './enumerate.ts'
import { toySpec } from './toy-spec.ts'

const ROUNDS = 50

const startMs = performance.now()
let images = 0
let recoveries = 0
let checks = 0
for (let round = 0; round < ROUNDS; round++) {
  const report = await enumerate(toySpec('none'))
  images += report.images
  recoveries += report.recoveries
  checks += report.checks
}
const seconds = (performance.now() - startMs) / 1_000
const each = (count: number): string => Math.round(count / seconds).toLocaleString('en')
console.log(
  `images drawn ${each(images)}/s, recovered ${each(recoveries)}/s, checked ${each(checks)}/s`,
)
