/** Coverage marks that no seeded world has to come past, each with the reason; all others are in their lists. */

const NO_PATIENCE_ENDS = 'no world lasts for the minutes after which somebody is taken for gone'
const NO_LINE = 'the line gateway is in no world'
const SELDOM = 'one seed in a hundred or less comes past it, so that a range may miss it by chance'

export const UNREACHED: Readonly<Record<string, string>> = {
  'amqp/close-behind-a-body': 'clients of the world close connections, never a channel alone',
  'amqp/get-behind-a-body': SELDOM,
  'amqp/large-waits':
    'three clients of that world send large bodies, and all would have to be midway',
  'amqp/return-behind-a-body': 'clients of the world publish nothing that has to be returned',
  'arrivals/given-up': NO_PATIENCE_ENDS,
  'arrivals/past-the-line': 'clients of the world publish on one channel of a connection',
  'cleaner/unread': SELDOM,
  'housekeeper/held-while-cleaned':
    'somebody would have to begin to read what dies while its file is cleaned',
  'line/queue-made-again': NO_LINE,
  'line/waits-for-room': NO_LINE,
  'recovery/tail-put-back':
    'the power would have to go in the one write by which a recovery mends the end',
  'snapshot-space/shrunk': 'no state of a world is so much larger than a file, and small again',
  'runtime/no-room-to-stop': SELDOM,
}
