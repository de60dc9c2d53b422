/**
 * `npm run sim -- --seed N`: runs one seed of the world, or several from there on, and prints what came of each;
 * `--world protocols` takes the one with AMQP and Kafka.
 */
import { parseArgs } from 'node:util'
import { hearMarks } from '../../src/base/mark.ts'
import { playProtocols } from './protocol-seeds.ts'
import { withStrays } from './strays.ts'
import { runWorld } from './world.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '0' },
    count: { type: 'string', default: '1' },
    world: { type: 'string', default: 'embedded' },
  },
})

const play = values.world === 'protocols' ? playProtocols : runWorld
const first = Number(values.seed)
for (let seed = first; seed < first + Number(values.count); seed++) {
  const marks = new Map<string, number>()
  const stop = hearMarks((name) => {
    marks.set(name, (marks.get(name) ?? 0) + 1)
  })
  const startedMs = performance.now()
  try {
    const report = await withStrays(() => play(seed))
    const { operations, crashes, restarts, hash, simulatedMs } = report
    const ms = Math.round(performance.now() - startedMs)
    const heard = [...marks].map(([name, count]) => `${name} ${count}`).join(', ')
    console.log(
      `seed ${seed}: ${operations} operations, ${crashes} crashes, ${restarts} restarts, ` +
        `${Math.round(simulatedMs)} ms in ${ms} ms, trace ${hash.toString(16)}\n  ${heard}`,
    )
  } catch (error) {
    process.exitCode = 1
    console.log(error)
  } finally {
    stop()
  }
}
