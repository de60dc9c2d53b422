/**
 * Sensors report, a monitor looks for what is unusual: a reading far outside of what the sensor's own past
 * makes likely. Run it: `node build/examples/sensor-monitor.js`.
 */
// In your program: from 'naru/channels'.
import { channel, filter, map, merge, type Receiver } from '../src/channels/mod.ts'

interface Reading {
  readonly sensor: string
  readonly value: number
}

/** How far a value lies from the moving mean of those before it, in standard deviations. */
class Surprise {
  #mean = 0
  #variance = 0
  #count = 0

  of(value: number): number {
    const difference = value - this.#mean
    const deviations = this.#count < 5 ? 0 : Math.abs(difference) / Math.sqrt(this.#variance + 0.01)
    const weight = Math.max(0.2, 1 / ++this.#count)
    this.#mean += weight * difference
    this.#variance = (1 - weight) * (this.#variance + weight * difference ** 2)
    return deviations
  }
}

function sensor(name: string, values: readonly number[]): Receiver<Reading> {
  const readings = channel<Reading>({ name, capacity: values.length })
  for (const value of values) readings.offer({ sensor: name, value })
  readings.close()
  return readings
}

const surprises = new Map<string, Surprise>()
const readings = merge([
  sensor('kiln', [900, 902, 899, 901, 900, 901, 700, 899, 900]),
  sensor('pump', [3.1, 3.0, 3.2, 3.1, 3.0, 3.1, 3.2, 3.0, 9.9]),
])
const judged = map(readings, (reading) => {
  const surprise = surprises.get(reading.sensor) ?? new Surprise()
  surprises.set(reading.sensor, surprise)
  return { ...reading, deviations: surprise.of(reading.value) }
})
const unusual = filter(judged, ({ deviations }) => deviations > 6)

for await (const { sensor: name, value } of unusual) console.log(`${name} is at ${value}: unusual`)
console.log(`${surprises.size} sensors watched`)
