/**
 * The table of listeners that are built: `naru serve` has one flag for each entry, and no other. An
 * entry loads its gateway only when it is opened.
 */
import type { ListenerKind } from '../broker/listener.ts'
import { amqpListener } from '../gateway/amqp/kind.ts'
import { kafkaListener } from '../gateway/kafka/kind.ts'
import { lineListener } from '../gateway/line/kind.ts'
import { PrintSink } from '../gateway/line/print.ts'

/** What a line client sends is printed: whoever reads our output consumes it. An embedded broker has a queue for it. */
function printed(): PrintSink {
  return new PrintSink({
    write: (text) => process.stdout.write(text),
    drained: () => new Promise((resolve) => process.stdout.once('drain', resolve)),
  })
}

export const listeners: readonly ListenerKind[] = [
  amqpListener,
  kafkaListener(),
  lineListener(() => {
    const sink = printed()
    return { sink, begin: () => sink.begin() }
  }),
]
