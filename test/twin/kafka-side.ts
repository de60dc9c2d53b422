/** The operations on streams as a Kafka client has them: topics, record batches, offsets of a group. */
import assert from 'node:assert/strict'
import { readStoredBatch } from '../../src/wire/kafka/batch.ts'
import { errorCodes } from '../../src/wire/kafka/error-codes.ts'
import { readRecords, recordBytesOf } from '../../src/wire/kafka/read-records.ts'
import { writeRecords } from '../../src/wire/kafka/write-records.ts'
import type { KafkaClient } from '../kafka/raw-client.ts'
import { STREAMS, type StreamOperation } from './program.ts'
import { MISSING, NOTHING, type StreamSide } from './side.ts'

type Operation<Kind> = Extract<StreamOperation, { readonly kind: Kind }>
type Place = { readonly stream: string; readonly group: string; readonly partition: number }

export class KafkaStreams implements StreamSide {
  readonly #client: KafkaClient

  constructor(client: KafkaClient) {
    this.#client = client
  }

  async run(operation: StreamOperation): Promise<string> {
    const { stream } = operation
    switch (operation.kind) {
      case 'declare-stream': {
        const code = await this.#client.createTopic(stream, STREAMS[stream]!)
        assert([0, errorCodes.TOPIC_ALREADY_EXISTS].includes(code), `error ${code}`)
        return 'made'
      }
      case 'delete-stream': {
        const code = await this.#client.deleteTopic(stream)
        return isMissing(code) ? MISSING : 'deleted'
      }
      case 'append':
        return this.#append(operation)
      case 'read-some':
        return this.#readSome(operation)
      case 'read-all':
        return this.#readAll(operation)
    }
  }

  async #append({ stream, batches }: Operation<'append'>): Promise<string> {
    const produced = await this.#client.produce(
      stream,
      batches.map(({ partition, records }) => ({
        partition,
        bytes: writeRecords(
          records.map(({ key, value, timeMs }) => ({
            timestampMs: timeMs,
            key: key === null ? null : Buffer.from(key),
            value: Buffer.from(value),
            headers: [],
          })),
        ),
      })),
    )
    if (produced.every(({ error }) => isMissing(error))) return MISSING
    return produced.map(({ partition, offset }) => `${partition}/${offset}`).join(' ')
  }

  async #readSome({ stream, group, count }: Operation<'read-some'>): Promise<string> {
    const place = { stream, group, partition: 0 }
    const found = await this.#records(place, 'one-batch')
    if (found === null) return MISSING
    const taken = found.slice(0, count)
    if (taken.length === 0) return NOTHING
    await this.#commit(place, taken.at(-1)!.offset + 1)
    return shown(taken)
  }

  async #readAll({ stream, group }: Operation<'read-all'>): Promise<string> {
    const all: FoundRecord[] = []
    for (let partition = 0; partition < STREAMS[stream]!; partition++) {
      const place = { stream, group, partition }
      const found = await this.#records(place, 'all')
      if (found === null) return MISSING
      if (found.length > 0) await this.#commit(place, found.at(-1)!.offset + 1)
      all.push(...found)
    }
    return all.length === 0 ? NOTHING : shown(all)
  }

  /** From where the group stands; null where there is no such topic. */
  async #records(place: Place, extent: 'one-batch' | 'all'): Promise<FoundRecord[] | null> {
    const { stream, group, partition } = place
    const committed = await this.#client.committed(group, stream, partition)
    const from = Math.max(0, committed)
    const found: FoundRecord[] = []
    let offset = from
    for (;;) {
      const { error, end, bytes } = await this.#client.fetch(stream, { partition, offset })
      if (isMissing(error)) return null
      assert.equal(error, 0)
      const batches = recordsIn(bytes, partition)
      for (const batch of extent === 'all' ? batches : batches.slice(0, 1)) found.push(...batch)
      offset = (found.at(-1)?.offset ?? end) + 1
      if (extent === 'one-batch' || offset >= end) break
    }
    return found.filter(({ offset }) => offset >= from)
  }

  async #commit({ stream, group, partition }: Place, offset: number): Promise<void> {
    assert.equal(await this.#client.commit(group, stream, { partition, offset }), 0)
  }
}

type FoundRecord = {
  readonly offset: number
  readonly text: string
}

/** Batch by batch. */
function recordsIn(bytes: Uint8Array, partition: number): FoundRecord[][] {
  const batches: FoundRecord[][] = []
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at)
    const batch = readStoredBatch(rest)
    const base = Number(Buffer.from(rest).readBigInt64BE(0))
    const inside = recordBytesOf(rest.subarray(0, batch.sizeBytes))
    batches.push(
      readRecords(inside, batch).map(({ key, value, timestampMs }, index) => {
        const keyText = key === null ? '-' : Buffer.from(key).toString()
        const place = `${partition}/${base + index}`
        const text = `${place} ${keyText} ${timestampMs} ${Buffer.from(value ?? []).toString()}`
        return { offset: base + index, text }
      }),
    )
    at += batch.sizeBytes
  }
  return batches
}

function shown(records: readonly FoundRecord[]): string {
  return records
    .map(({ text }) => text)
    .sort()
    .join('\n')
}

function isMissing(code: number): boolean {
  return code === errorCodes.UNKNOWN_TOPIC_OR_PARTITION
}
