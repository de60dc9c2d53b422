/**
 * A chat room: everyone's words reach everyone's inbox. An inbox keeps the newest three, so that a member who
 * does not read holds nobody up. Run it: `node build/examples/chat.js`.
 */
// In your program: from 'naru/channels'.
import { type Channel, channel } from '../src/channels/mod.ts'

class Room {
  readonly #inboxes = new Map<string, Channel<string>>()

  join(name: string): Channel<string> {
    const inbox = channel<string>({ name, capacity: 3, whenFull: 'drop-oldest' })
    this.#inboxes.set(name, inbox)
    this.say('room', `${name} is here`)
    return inbox
  }

  leave(name: string): void {
    this.#inboxes.get(name)?.close() // its owner may still read what is inside
    this.#inboxes.delete(name)
    this.say('room', `${name} has left`)
  }

  say(from: string, text: string): void {
    // `offer` never waits: it does at once what the inbox's policy says.
    for (const inbox of this.#inboxes.values()) inbox.offer(`${from}: ${text}`)
  }
}

async function read(inbox: Channel<string>): Promise<void> {
  for await (const line of inbox) console.log(`${inbox.name} reads  ${line}`)
}

const room = new Room()
const mina = room.join('mina')
const reading = read(mina)
const joon = room.join('joon') // and joon does not read for now

room.say('mina', 'hello')
room.say('mina', 'anybody here?')
room.leave('mina')
await reading

room.leave('joon')
console.log(`joon missed ${joon.stats().dropped}`)
await read(joon)
