/**
 * A game in rounds: all players choose, then the round is judged, then all go on. The barrier sees to it that
 * nobody plays ahead, and events tell the story. Run it: `node build/examples/game-rounds.js`.
 */
// In your program: from 'naru/channels'.
import { barrier, channel } from '../src/channels/mod.ts'

type Event =
  | { readonly kind: 'chosen'; readonly player: string; readonly number: number }
  | { readonly kind: 'won'; readonly player: string; readonly round: number }

const choices: Readonly<Record<string, readonly number[]>> = {
  ara: [3, 9, 4],
  bora: [7, 2, 8],
  chan: [5, 6, 1],
}
const roundCount = 3
const events = channel<Event>({ capacity: 16 })
const table = new Map<string, number>()

const round = barrier({
  parties: Object.keys(choices).length,
  // Runs once, when all have arrived and before anybody goes on.
  action: async (generation) => {
    const [winner] = [...table].sort(([, left], [, right]) => right - left)
    await events.put({ kind: 'won', player: winner?.[0] ?? 'nobody', round: generation + 1 })
    table.clear()
  },
})

async function play(player: string, numbers: readonly number[]): Promise<void> {
  for (const number of numbers.slice(0, roundCount)) {
    table.set(player, number)
    await events.put({ kind: 'chosen', player, number })
    await round.wait()
  }
}

async function tell(): Promise<void> {
  for await (const event of events) {
    if (event.kind === 'chosen') console.log(`${event.player} plays ${event.number}`)
    else console.log(`round ${event.round} goes to ${event.player}`)
  }
}

const telling = tell()
await Promise.all(Object.entries(choices).map(([player, numbers]) => play(player, numbers)))
events.close()
await telling
