/** The wire inside one process: two channels, crossed. Values are handed over as they are, not copied. */
import { Channel } from './channel.ts'
import type { Ports } from './contract.ts'
import type { Frame, Wire } from './wire.ts'

/** The two ends. What one sends the other receives. */
export function wirePair(ports: Ports): readonly [Wire, Wire] {
  const there = new Channel<Frame>({ name: 'wire there' }, ports)
  const back = new Channel<Frame>({ name: 'wire back' }, ports)
  return [
    { outgoing: there, incoming: back },
    { outgoing: back, incoming: there },
  ]
}
