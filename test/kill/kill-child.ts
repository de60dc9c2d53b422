/**
 * The process that is killed: several writers append to a journal on the real disk, release, take
 * snapshots and tidy, until the end. Before it appends it says what, in lines on stdout; when tickets
 * are settled it says through which one. A line without its end was not said.
 *
 *   open                          about to open the journal
 *   ready <nextTicket>            opened
 *   put <ticket> <log> <number>   an entry with a body was appended
 *   drop <ticket> <released>      an entry that releases the body of another ticket was appended
 *   settled <ticket>              every ticket up to this one is acknowledged
 */
import { below, SeededRandom } from '../../src/base/random.ts'
import { type Journal, openJournal } from '../../src/journal/journal.ts'
import { nodeWorld } from '../../src/node/world.ts'
import { bodyFlags, LedgerOwner, PUT, RELEASE } from '../journal/ledger-owner.ts'
import { type KillScale, killBody, killScales } from './kill-limits.ts'
import { say } from './say.ts'

const [directory = '', scaleName = '', seedText = ''] = process.argv.slice(2)
const scale = killScales[scaleName as KillScale]
const random = new SeededRandom(Number(seedText))
const WRITERS = 4
// Numbers of one run differ from those of every other: a body says which append it is of.
const firstNumber = Number(seedText) * 1_000_000

type Open = { readonly journal: Journal; readonly owner: LedgerOwner }

async function open(): Promise<Open> {
  const { disk, scheduler, random: chance } = nodeWorld()
  let owner: LedgerOwner | null = null
  say('open')
  const journal = await openJournal(
    {
      disk,
      scheduler,
      random: chance,
      directory,
      durability: 'fsync',
      limits: scale.limits,
      events: {
        settled: (through) => say('settled', through),
        stopped: (error) => {
          throw error
        },
      },
    },
    (store) => {
      owner = new LedgerOwner(store)
      return owner
    },
  )
  if (owner === null) throw new Error('opened without an owner')
  say('ready', journal.log.nextTicket)
  return { journal, owner }
}

/** One group of a writer: a few bodies, or the release of old ones when it has too many. */
async function group({ journal, owner }: Open, log: number, turn: number): Promise<void> {
  const held = [...owner.held.values()].filter((one) => one.log === log).slice(0, 40)
  const isDropping = held.length > 10 + below(random, 30)
  const numbers = isDropping ? [] : Array.from({ length: 1 + below(random, 4) }, (_, n) => n)
  const bodies = numbers.map((n) => {
    const number = firstNumber + turn * 10 + n
    return { number, body: killBody(log, number, scale.bodyBytesMax) }
  })
  const bytes = bodies.reduce((sum, { body }) => sum + body.length, 0)
  const dropped = isDropping ? held.slice(0, 1 + below(random, held.length)) : []
  const count = bodies.length + dropped.length
  for (;;) {
    const answer = journal.log.reserve(count, bytes, isDropping ? 'relief' : 'publish')
    if (answer === 'ok') break
    if (answer !== 'wait') throw new Error(`reserve answered ${answer}`)
    await journal.log.room()
  }
  for (const { number, body } of bodies) {
    const ticket = journal.log.write({ kind: PUT, flags: bodyFlags, log, number }, body)
    owner.put({ ticket, log, number })
    say('put', ticket, log, number)
  }
  for (const { ticket: released } of dropped) {
    const head = { kind: RELEASE, flags: 0, log: 0, number: released }
    const ticket = journal.log.write(head, new Uint8Array(0))
    owner.release(released)
    say('drop', ticket, released)
  }
  if (below(random, 3) > 0) await journal.log.settled(journal.log.nextTicket - 1)
}

async function write(open: Open, log: number): Promise<never> {
  for (let turn = log; ; turn += WRITERS) await group(open, log, turn)
}

async function keepHouse({ journal, owner }: Open): Promise<never> {
  for (let round = 1; ; round++) {
    await journal.log.settled(journal.log.nextTicket - 1)
    await new Promise((resolve) => setImmediate(resolve))
    if (round % scale.snapshotEvery === 0) {
      const snapshot = journal.snapshot()
      const state = owner.encode()
      for (let at = 0; at < state.length; at += 1000) {
        await snapshot.write(state.subarray(at, at + 1000))
      }
      await snapshot.finish()
    }
    if (round % 10 === 0) await journal.tidy()
  }
}

const opened = await open()
const writers = Array.from({ length: WRITERS }, (_, log) => write(opened, log))
await Promise.all([...writers, keepHouse(opened)])
