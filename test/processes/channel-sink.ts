/** A channel as the sink of a line socket, for tests that set the pace themselves. It acknowledges nothing. */
import type { Sender } from '../../src/channels/contract.ts'
import type { LineMessage } from '../../src/gateway/line/message.ts'
import type { LineSink, Position } from '../../src/gateway/line/sink.ts'

export function channelSink(channel: Sender<LineMessage>): LineSink {
  let taken: Position = 0
  return {
    acknowledges: 'never',
    offer: (message) => {
      if (channel.tryPut(message)) return taken++
      return channel.closed ? 'closed' : 'full'
    },
    put: async (message, signal) => {
      await channel.put(message, { signal })
      return taken++
    },
    acked: () => Promise.reject(new Error('a channel keeps nothing durable')),
  }
}
