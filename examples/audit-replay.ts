/**
 * An audit that goes on where it failed: events lie in a stream on the disk, a group remembers how far it has read
 * them, and what they came to is stored before that is said. Run it: `node build/examples/audit-replay.js`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker } from 'naru'

interface AuditEvent {
  readonly account: string
  readonly change: number
}

interface Books {
  /** The first event that is not in them. */
  readonly next: number
  readonly balances: Readonly<Record<string, number>>
}

type Fault = 'none' | 'while counting' | 'before the commit'

const dir = await mkdtemp(join(tmpdir(), 'naru-example-'))
const eventCount = 20

/** The latest books of an auditor; empty ones before its first event. */
async function latestBooks(broker: Broker, auditor: string): Promise<Books> {
  const stream = await broker.stream<Books>(`books of ${auditor}`, {})
  const { next } = stream.range(0)
  if (next > 0) {
    for await (const { body } of stream.read({ from: next - 1 })) return body
  }
  return { next: 0, balances: {} }
}

function count({ balances }: Books, offset: number, { account, change }: AuditEvent): Books {
  const balance = (balances[account] ?? 0) + change
  return { next: offset + 1, balances: { ...balances, [account]: balance } }
}

/** One run: opens the broker, reads on to the last event, or fails at the one that it is told. */
async function audit(auditor: string, fault: Fault, faultAt = 0): Promise<Books> {
  await using broker = await Broker.open({ dir })
  const events = await broker.stream<AuditEvent>('audit')
  const kept = await broker.stream<Books>(`books of ${auditor}`, {})
  let books = await latestBooks(broker, auditor)
  let began = false
  // One by one, so that it goes on at the very event; larger batches commit less often, and repeat more.
  for await (const batch of events.readBatches({ group: auditor, recordsMax: 1 })) {
    for (const { offset, body } of batch.records) {
      if (!began) console.log(`${auditor} begins at event ${offset}, ${books.next} are counted`)
      began = true
      if (offset < books.next) continue // stored, but a failure came before the commit
      const isFaulty = offset === faultAt
      if (isFaulty && fault === 'while counting') throw new Error(`event ${offset}: ${fault}`)
      books = count(books, offset, body)
      await kept.append({ body: books })
      if (isFaulty && fault === 'before the commit') throw new Error(`event ${offset}: ${fault}`)
    }
    await batch.commit()
    if (books.next === eventCount) break
  }
  return books
}

async function failing(fault: Fault, faultAt: number): Promise<void> {
  await audit('inspector', fault, faultAt).catch((error: unknown) => {
    console.log(`inspector fails at ${error instanceof Error ? error.message : String(error)}`)
  })
}

{
  await using broker = await Broker.open({ dir })
  const events = await broker.stream<AuditEvent>('audit', {})
  const accounts = ['ara', 'bora', 'chan']
  for (let number = 0; number < eventCount; number++) {
    const account = accounts[number % accounts.length] ?? ''
    await events.append({ body: { account, change: number % 4 === 3 ? -number : number } })
  }
}

await failing('while counting', 7)
await failing('before the commit', 13)
const replayed = JSON.stringify((await audit('inspector', 'none')).balances)
const undisturbed = JSON.stringify((await audit('colleague', 'none')).balances)
console.log(`inspector ${replayed}`)
console.log(`colleague ${undisturbed}`)
await rm(dir, { recursive: true })
