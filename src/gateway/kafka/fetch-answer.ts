/**
 * Answers to Fetch: batches as they were stored, copied once, from where the journal has them into the frame that is
 * sent. What is not in memory is read first; a partition that turns out to have nothing to give is told alone.
 */
import { assert } from '../../base/assert.ts'
import { mark } from '../../base/mark.ts'
import type { Writer } from '../../base/writer.ts'
import { FORMAT_KAFKA } from '../../machine/message.ts'
import type { ErrorName } from '../../wire/kafka/error-codes.ts'
import type { RecordSource } from '../../wire/kafka/record-source.ts'
import type { Call } from './call.ts'
import { sendConverted } from './converted-answer.ts'
import { frameSize, NO_PLAN, NO_RECORDS, writeFetch } from './fetch-frame.ts'
import {
  isGone,
  type Plan,
  readable,
  refused,
  replaced,
  type Share,
  whyGone,
} from './fetch-plan.ts'
import { loadBatch } from './load-batch.ts'

/** Partitions of one answer of which more is read ahead: many at once would push out what was read for others. */
const READ_AHEAD_PARTITIONS = 4

export function refuseFetch(call: Call, error: ErrorName): void {
  const filling = { error, records: () => NO_RECORDS }
  call.answer((w) => writeFetch(w, call, NO_PLAN, filling))
}

export function sendFetch(call: Call, plan: Plan): void {
  new FetchAnswer(call, plan).send()
}

/** Where the records of a share go in the frame. */
class Place implements RecordSource {
  readonly share: Share
  readonly sizeBytes: number
  at = 0

  constructor(share: Share) {
    this.share = share
    this.sizeBytes = share.sizeBytes
  }

  write(w: Writer): void {
    this.at = w.space(this.sizeBytes)
  }
}

class FetchAnswer {
  readonly #call: Call
  readonly #plan: Plan
  readonly #places: Place[] = []
  readonly #frame: Uint8Array
  /** What is told in place of a share that cannot be had as it was planned. */
  readonly #instead = new Map<Share, Share>()
  /** What is copied next: the place, its row, and where in the frame. */
  #place = 0
  #row = 0
  #at = 0
  #isDropped = false
  /** It has batches that no Kafka client wrote, which have to be converted. */
  #isForeign = false

  constructor(call: Call, plan: Plan) {
    this.#call = call
    this.#plan = plan
    const records = (share: Share): RecordSource => {
      const place = new Place(share)
      this.#places.push(place)
      return place
    }
    const filling = { error: 'NONE', records } as const
    this.#frame = call.encodeLarge(frameSize(plan), (w) => writeFetch(w, call, plan, filling))
    this.#enter(0)
  }

  send(): void {
    if (this.#copy()) {
      this.#finish()
      return
    }
    this.#call.dropped = () => {
      this.#isDropped = true
    }
    this.#read().then(
      () => this.#finish(),
      (error: unknown) => this.#call.fail(String(error)),
    )
  }

  #enter(place: number): void {
    this.#place = place
    this.#row = this.#places[place]?.share.firstRow ?? 0
    this.#at = this.#places[place]?.at ?? 0
  }

  /** Copies on, as far as all is in memory and a Kafka client's. Answers whether it is done. */
  #copy(): boolean {
    const { broker } = this.#call.gateway
    for (; this.#place < this.#places.length; this.#enter(this.#place + 1)) {
      const { share, at, sizeBytes } = this.#places[this.#place]!
      const partition = share.partition!
      for (; this.#row < share.endRow; this.#row++) {
        if (isGone(partition, this.#row)) {
          this.#instead.set(share, refused(share, whyGone(partition)))
          break
        }
        const batch = broker.batch(partition, this.#row)
        if (batch === null) return false
        if (batch.format !== FORMAT_KAFKA) {
          this.#isForeign = true
          return true
        }
        this.#frame.set(batch.bytes.subarray(batch.at, batch.at + batch.size), this.#at)
        this.#at += batch.size
      }
      // The memory was somebody else's before: nothing of that may go out.
      assert(this.#instead.has(share) || this.#at === at + sizeBytes, 'a place that is not filled')
    }
    return true
  }

  /** Reads what is not in memory, one batch after the other; each is copied before the next may push it out. */
  async #read(): Promise<void> {
    const { broker } = this.#call.gateway
    mark('kafka/fetch-reads')
    do {
      const { share } = this.#places[this.#place]!
      const partition = share.partition!
      if (await loadBatch(broker, partition, this.#row)) continue
      this.#instead.set(share, readable(share, this.#row))
      this.#enter(this.#place + 1)
    } while (!this.#isDropped && !this.#copy())
  }

  #finish(): void {
    if (this.#isDropped) {
      this.#call.discard(this.#frame)
      return
    }
    if (this.#isForeign) {
      this.#call.discard(this.#frame)
      sendConverted(this.#call, this.#plan)
      return
    }
    if (this.#instead.size > 0) {
      this.#call.discard(this.#frame)
      sendFetch(this.#call, replaced(this.#plan, this.#instead))
      return
    }
    this.#call.answerFrame(this.#frame)
    this.#readAhead()
  }

  /** Whoever asked goes on behind it, and looks at what it got first. Where this fails, the next Fetch will say so. */
  #readAhead(): void {
    const { broker } = this.#call.gateway
    for (const { share } of this.#places.slice(0, READ_AHEAD_PARTITIONS)) {
      const { endRow } = share
      const partition = share.partition!
      if (partition.deleted || endRow >= partition.nextRow || endRow < partition.firstRow) continue
      if (broker.batch(partition, endRow) === null) broker.load(partition, endRow).catch(() => {})
    }
  }
}
