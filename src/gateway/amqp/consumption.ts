/**
 * The consuming side of a channel: its subscriptions, what they and its gets hold, and the windows that bound
 * it. Delivery tags count every message of the channel from 1, those that need no acknowledgement included.
 */
import { mark } from '../../base/mark.ts'
import type { Queue } from '../../machine/queue.ts'
import { Getter } from './getter.ts'
import type { Link } from './link.ts'
import type { Outlet } from './outlet.ts'
import { type Reply, replyOf } from './replies.ts'
import { Subscription, type SubscriptionOptions } from './subscription.ts'
import { Unsettled } from './unsettled.ts'

/** Where a message came from, and who may have another when it is settled. */
export interface Origin {
  readonly queue: Queue
  restore(count: number): void
}

/** What becomes of messages that the client returns. */
export type Verdict = 'settle' | 'requeue'

export class Consumption {
  readonly link: Link
  readonly channel: number
  readonly outlet: Outlet
  /** The last delivery tag that was given out. */
  tag = 0
  /** Messages that a subscription made from now on may hold; 0: any number. */
  prefetch = 0
  /** Messages that all its consumers may hold together; 0: any number. */
  #window = 0
  /** What the window counts: messages that consumers hold; those of gets it does not. */
  #inWindow = 0
  #isWindowFull = false
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #unsettled = new Unsettled<Origin>()
  /** A get that is not answered yet. */
  #getter: Getter | null = null

  constructor(link: Link, channel: number, outlet: Outlet) {
    this.link = link
    this.channel = channel
    this.outlet = outlet
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size
  }

  find(tag: string): Subscription | undefined {
    return this.#subscriptions.get(tag)
  }

  /** The broker hands out nothing before the next turn, so that consume-ok comes first. */
  subscribe(options: SubscriptionOptions): void {
    const subscription = new Subscription(this, options)
    const { broker } = this.link
    this.#subscriptions.set(options.tag, subscription)
    this.#applyPause(subscription)
    broker.join(options.queue, subscription.consumer)
    if (options.share === 'exclusive') broker.setTaken(options.queue, 'taken')
  }

  /** What it holds stays held. */
  unsubscribe(subscription: Subscription): void {
    const { broker } = this.link
    this.#subscriptions.delete(subscription.tag)
    if (subscription.share === 'exclusive' && !subscription.queue.deleted) {
      broker.setTaken(subscription.queue, 'free')
    }
    broker.leave(subscription.queue, subscription.consumer)
  }

  /** Its queue is gone. */
  cancelled(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.tag)
    if (!this.link.hearsCancels) return
    const { tag: consumerTag } = subscription
    this.outlet.send('basic.cancel', { consumerTag, noWait: true })
  }

  /** Asks for one message. The connection is held until it is answered, so that answers keep their order. */
  get(queue: Queue, acks: 'by-client' | 'none'): void {
    const getter = new Getter(this, queue, acks)
    this.#getter = getter
    this.link.hold()
    this.link.broker.get(queue, getter.consumer, () => getter.empty())
  }

  answered(getter: Getter): void {
    if (this.#getter !== getter) return
    this.#getter = null
    this.link.release()
  }

  /** A message went out and waits to be settled. */
  hold(tag: number, sequence: number, origin: Origin): void {
    this.#unsettled.add(tag, sequence, origin)
  }

  /** Consumers hold so many more, or fewer. */
  count(messages: number): void {
    this.#inWindow += messages
    if (messages > 0 && this.#window > 0 && this.#inWindow >= this.#window) this.#considerWindow()
  }

  setWindow(count: number): void {
    this.#window = count
    this.#considerWindow()
  }

  /** One message, or with `many` all up to it; tag 0 with `many` is all there are. Answers what is wrong. */
  settle(tag: number, many: 'one' | 'many', verdict: Verdict): Reply | null {
    const unsettled = this.#unsettled
    const visit = verdict === 'settle' ? this.#settleRun : this.#requeueRun
    if (many === 'one') {
      if (!unsettled.takeOne(tag, visit)) return unknownTag(tag)
    } else {
      if (tag !== 0 && !unsettled.has(tag)) return unknownTag(tag)
      unsettled.takeThrough(tag === 0 ? this.tag : tag, visit)
    }
    if (this.#isWindowFull) this.#considerWindow()
    return null
  }

  /** Everything that is held goes back to its queue. */
  recover(): void {
    this.#unsettled.takeThrough(this.tag, this.#requeueRun)
    if (this.#isWindowFull) this.#considerWindow()
  }

  /** Pauses or wakes every subscription, as the window, the socket and the outlet have it. */
  considerPause(): void {
    for (const subscription of this.#subscriptions.values()) this.#applyPause(subscription)
  }

  /** Lets go of everything: consumers leave first, so that nothing comes back to them. */
  close(): void {
    const getter = this.#getter
    if (getter !== null) {
      mark('amqp/gone-before-get')
      this.link.broker.leave(getter.queue, getter.consumer)
      getter.close()
      this.answered(getter)
    }
    for (const subscription of [...this.#subscriptions.values()]) this.unsubscribe(subscription)
    this.#unsettled.takeThrough(this.tag, this.#requeueRun)
  }

  #considerWindow(): void {
    this.#isWindowFull = this.#window > 0 && this.#inWindow >= this.#window
    this.considerPause()
  }

  #applyPause(subscription: Subscription): void {
    const { consumer, queue } = subscription
    const wasPaused = consumer.paused
    consumer.paused = this.#isWindowFull || this.link.isChoked || this.outlet.isBusy
    if (wasPaused && !consumer.paused && consumer.joined) this.link.broker.wake(queue)
  }

  // Made once, because they are used for every acknowledgement.

  readonly #settleRun = (origin: Origin, sequence: number, count = 1): void => {
    this.link.broker.settle(origin.queue, sequence, count)
    origin.restore(count)
  }

  readonly #requeueRun = (origin: Origin, sequence: number, count = 1): void => {
    this.link.broker.giveBack(origin.queue, sequence, count, 1)
    origin.restore(count)
  }
}

function unknownTag(tag: number): Reply {
  return replyOf('precondition-failed', `unknown delivery tag ${tag}`)
}
