/** Gateways that are wrong on purpose: for each flaw some seed of the world of AMQP and Kafka notices. */
import { Confirms } from '../../src/gateway/amqp/confirms.ts'
import { Unsettled } from '../../src/gateway/amqp/unsettled.ts'
import { Call } from '../../src/gateway/kafka/call.ts'
import { type Flaw, flawTests, replace } from './flaw.ts'
import { playProtocols } from './protocol-seeds.ts'

const flaws: readonly Flaw[] = [
  {
    what: 'confirms to AMQP clients what is not durable yet',
    plant: () =>
      replace(Confirms.prototype, 'settled', (real) => {
        return function settled(this: Confirms, through) {
          real.call(this, through + 20)
        }
      }),
    noticedAs: /lost/,
  },
  {
    what: 'answers Kafka clients before their records are durable',
    plant: () =>
      replace(Call.prototype, 'answerAfter', () => {
        return function answerAfter(this: Call, _ticket, write) {
          this.answer(write)
        }
      }),
    noticedAs: /lost|events\/\d \d+ was|came back at/,
  },
  {
    what: 'settles more than AMQP clients acknowledged',
    plant: () =>
      replace(Unsettled.prototype, 'takeThrough', (real) => {
        return function takeThrough(this: Unsettled<unknown>, tag, visit) {
          real.call(this, tag + 1, visit)
        }
      }),
    noticedAs: /lost|abandoned|unknown delivery tag/,
  },
]

await flawTests(flaws, playProtocols)
