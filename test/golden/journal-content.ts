/** What the frozen directories hold: made by fixed rules, so that no list of bodies has to be kept. */
import { bodyOfSize, JournalWorld } from '../journal/journal-world.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'

/** Everything in a journal of the ledger owner, as a file of expectations keeps it. */
export type GoldenContent = {
  readonly epoch: number
  readonly nextTicket: number
  readonly snapshotTicket: number
  readonly notes: readonly string[]
  /** Bodies in hexadecimal. */
  readonly bodies: readonly {
    readonly ticket: number
    readonly log: number
    readonly number: number
    readonly body: string
  }[]
  /** Tickets of the fragments of each large body. */
  readonly large: readonly { readonly ticket: number; readonly fragments: readonly string[] }[]
}

/** A small journal with survivors of a cleaning, two snapshots, fragments, and a log behind them. */
export async function makeGolden(disk: CrashDisk): Promise<void> {
  const world = await JournalWorld.open(disk)
  for (let round = 0; round < 16; round++) {
    const bodies = [bodyOfSize(150, round), bodyOfSize(round * 37, round + 1)]
    const [first, second] = await world.put(round % 3, [...bodies, bodyOfSize(400, round)])
    await world.release(round % 5 === 0 ? [second!] : [first!, second!])
    await world.settled()
  }
  const doomed = [...world.owner.held.keys()].filter((_, index) => index % 4 !== 0)
  for (let at = 0; at < doomed.length; at += 10) await world.release(doomed.slice(at, at + 10))
  await world.large([bodyOfSize(900, 1), bodyOfSize(900, 2), bodyOfSize(30, 3)])
  await world.settled()
  await world.snapshot()
  await world.note('between the snapshots')
  await world.settled()
  await world.snapshot()
  await world.journal.tidy()
  await world.note('behind the snapshots')
  await world.put(2, [bodyOfSize(0, 0), bodyOfSize(77, 77)])
  await world.settled()
  await world.journal.close()
}

export async function contentOfJournal(world: JournalWorld): Promise<GoldenContent> {
  const { journal, owner } = world
  const bodyOf = async (ticket: number): Promise<string> => {
    return Buffer.from(await journal.store.read(ticket)).toString('hex')
  }
  const bodies: GoldenContent['bodies'][number][] = []
  for (const held of owner.held.values()) {
    bodies.push({ ...held, body: await bodyOf(held.ticket) })
  }
  const large: GoldenContent['large'][number][] = []
  for (const [ticket, fragments] of owner.large) {
    large.push({ ticket, fragments: await Promise.all(fragments.map(bodyOf)) })
  }
  return {
    epoch: journal.log.epoch,
    nextTicket: journal.log.nextTicket,
    snapshotTicket: journal.report.snapshotTicket,
    notes: owner.notes,
    bodies,
    large,
  }
}
