/** The test that both halves of the seeds make. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareTwins } from './seeds.ts'

const KINDS = [
  ...['declare-queue', 'delete-queue', 'purge', 'send', 'take'],
  ...['declare-stream', 'delete-stream', 'append', 'read-some', 'read-all', 'restart'],
] as const

export function twinTest(seeds: { readonly from: number; readonly count: number }): void {
  const last = seeds.from + seeds.count - 1
  test(`seeds ${seeds.from} to ${last}: the API, AMQP and Kafka leave the same durable state`, async () => {
    const done = await compareTwins(seeds)
    for (const kind of KINDS)
      assert((done.get(kind as never) ?? 0) > 0, `${kind} never did anything`)
  })
}
