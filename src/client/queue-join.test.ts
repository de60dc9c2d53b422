/** A channel over a queue counts what is done as all channels do that count. */
import { Place } from '../../test/client/place.ts'
import { joinContract } from '../../test/contracts/join-contract.ts'

for (const acks of ['on-get', 'on-task-done'] as const) {
  joinContract({
    name: `a channel over a queue, acknowledged ${acks}`,
    run: (body) =>
      Place.run(async (place) => {
        await body({
          open: async () => {
            const channel = await place.channel('work', { acks })
            return { sender: channel, receiver: channel }
          },
          drive: (promise) => place.drive(promise),
          settle: () => place.ports.settle(),
        })
      }),
  })
}
