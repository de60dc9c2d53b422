/** Short words for what a test produces and fetches, and for what came. */
import assert from 'node:assert/strict'
import type { Answer } from './api-codecs.ts'
import { makeBatch } from './batches.ts'
import type { Asked, KafkaClient } from './kafka-client.ts'
import { type FetchTerms, fetch, produce, type Wanted } from './messages.ts'

/** A batch of records with these values. */
export function batchOf(...values: readonly string[]): Buffer {
  return Buffer.from(makeBatch(values.map((value) => ({ timestampMs: 0, value }))))
}

/** Error and first offset of each partition, in the order of the request. */
export function outcomes(asked: Asked<'Produce'>): (readonly [error: number, offset: number])[] {
  return asked.answer.responses.flatMap(({ partitionResponses }) => {
    return partitionResponses.map((each) => [each.errorCode, each.baseOffset] as const)
  })
}

/** Produces one batch of these values. */
export async function put(
  client: KafkaClient,
  values: readonly string[],
  place: { readonly topic?: string; readonly partition?: number } = {},
): Promise<void> {
  const { topic = 't', partition = 0 } = place
  const records = makeBatch(values.map((value) => ({ timestampMs: 0, value })))
  await client.send('Produce', 7, produce([{ topic, partition, records }]))
}

type Given = Answer<'Fetch'>['responses'][number]['partitions'][number]

export function partitionsOf({ answer }: Asked<'Fetch'>): readonly Given[] {
  return answer.responses.flatMap(({ partitions }) => partitions)
}

export function bytesOf({ records }: Given): Buffer {
  assert.ok(records !== null && 'bytes' in records)
  return Buffer.from(records.bytes as Uint8Array)
}

/** First offset and count of each batch; fails where the last one is not whole. */
export function batchesOf(partition: Given): (readonly [offset: number, count: number])[] {
  const bytes = bytesOf(partition)
  const batches: (readonly [number, number])[] = []
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    batches.push([Number(bytes.readBigInt64BE(at)), bytes.readInt32BE(at + 57)])
    assert.ok(at + 12 + bytes.readInt32BE(at + 8) <= bytes.length, 'a batch that is cut')
  }
  return batches
}

/** For each partition: what is wrong, or the first offsets of its batches. */
export function got(asked: Asked<'Fetch'>): (readonly number[] | { readonly error: number })[] {
  return partitionsOf(asked).map((partition) => {
    if (partition.errorCode !== 0) return { error: partition.errorCode }
    return batchesOf(partition).map(([offset]) => offset)
  })
}

export async function get(
  client: KafkaClient,
  wanted: readonly Wanted[],
  terms: FetchTerms = {},
): Promise<ReturnType<typeof got>> {
  return got(await client.send('Fetch', 11, fetch(wanted, terms)))
}
