/**
 * What every channel keeps that takes offers, wherever its two ends live: run by the test of each kind, for the
 * policies that it knows. It speaks to the contract alone.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WhenFull } from '../../src/channels/channel-options.ts'
import {
  ChannelClosed,
  ChannelFull,
  ChannelMisuse,
  type Offer,
  type Receiver,
  type Sendable,
  type Sender,
} from '../../src/channels/contract.ts'
import { watch } from '../channels/watch.ts'

interface OfferSender {
  offer(value: Sendable): Offer
  stats(): { readonly dropped: number }
}

/** The two ends of one channel. They may be the same object. */
export interface OfferEnds {
  readonly sender: Sender<Sendable> & OfferSender
  readonly receiver: Receiver<Sendable>
}

export interface OfferWorld {
  /** A channel whose sender has this policy. */
  open(whenFull: WhenFull): Promise<OfferEnds>
  /** Drives whatever must be driven until the promise settles. */
  drive<T>(promise: Promise<T>): Promise<T>
  /** Lets whatever is under way arrive. */
  settle(): Promise<void>
}

/** A kind of channel under test. */
export interface OfferSubject {
  readonly name: string
  readonly policies: readonly WhenFull[]
  /** Runs `body` to its end and cleans up. */
  run(body: (world: OfferWorld) => Promise<void>): Promise<void>
}

/** No bounded channel under test holds more. */
const countMax = 100_000

const answers: Readonly<Record<WhenFull, Offer>> = {
  block: 'full',
  reject: 'full',
  'drop-newest': 'dropped',
  'drop-oldest': 'replaced',
  conflate: 'replaced',
}

type Law = (title: string, body: (world: OfferWorld, policy: WhenFull) => Promise<void>) => void

export function offerContract(subject: OfferSubject): void {
  for (const policy of subject.policies) {
    const law: Law = (title, body) => {
      test(`${subject.name}, ${policy}: ${title}`, () =>
        subject.run((world) => body(world, policy)))
    }
    policyContract(law)
  }
  test(`${subject.name}: a policy that there is not is refused`, () =>
    subject.run(async (world) => {
      await assert.rejects(async () => world.open('drop-all' as WhenFull), ChannelMisuse)
    }))
}

/** Offers 0, 1, 2 and so on until one is not simply taken; answers how many were. */
async function fill(world: OfferWorld, ends: OfferEnds, policy: WhenFull): Promise<number> {
  await world.settle()
  for (let count = 0; count < countMax; count++) {
    const offered = ends.sender.offer(count)
    if (offered === 'taken') continue
    assert.equal(offered, answers[policy])
    return count
  }
  return assert.fail(`a bounded channel took ${countMax} values`)
}

function policyContract(law: Law): void {
  law(
    'an offer to a full channel is answered at once, and loses what it says',
    async (w, policy) => {
      const ends = await w.open(policy)
      const inside = await fill(w, ends, policy)
      const dropped = ends.sender.stats().dropped
      assert.equal(dropped, answers[policy] === 'full' ? 0 : 1)
      const kept = Array.from({ length: inside }, (_, index) => index)
      if (policy === 'drop-oldest') kept.push(kept.shift() === 0 ? inside : -1)
      if (policy === 'conflate') kept[inside - 1] = inside
      for (const value of kept) assert.equal(await w.drive(ends.receiver.get()), value)
      await w.settle()
      assert.equal(ends.receiver.tryGet(), undefined)
      assert.equal(ends.sender.offer(7), 'taken')
      assert.equal(await w.drive(ends.receiver.get()), 7)
    },
  )

  law('a put does the same, and waits where nobody may lose', async (world, policy) => {
    const ends = await world.open(policy)
    await fill(world, ends, policy)
    const putting = watch(ends.sender.put(-1))
    await world.settle()
    if (policy === 'block') assert.equal(putting.state, 'pending')
    else if (policy === 'reject') assert.ok(putting.error instanceof ChannelFull)
    else assert.equal(putting.state, 'resolved')
    ends.sender.close() // whoever waits is refused
    await world.settle()
  })

  law('an offer to a closed channel is refused', async (world, policy) => {
    const { sender } = await world.open(policy)
    sender.close()
    assert.equal(sender.offer(1), 'closed')
    await assert.rejects(sender.put(1), ChannelClosed)
  })
}
