/** A broker's directory that was written once is opened by every later build, which finds exactly what is in it. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DiskBroker } from '../broker/disk-broker.ts'
import { drained, settled } from '../sim/turn.ts'
import { type BrokerContent, contentOfBroker } from './broker-content.ts'
import { loadDirectory } from './directories.ts'

const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures')
const versions = ['broker-v1', 'broker-v2']

function expected(name: string): BrokerContent {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8')) as BrokerContent
}

for (const name of versions) {
  const folder = join(fixtures, name)

  test(`${name} has two snapshots and a log behind them, and all that is in it is found`, async () => {
    const names = readdirSync(folder)
    assert.equal(names.filter((each) => /^snapshot-\d{16}$/.test(each)).length, 2)
    assert.deepEqual(await contentOfBroker(await loadDirectory(folder)), expected(name))
  })

  test(`${name} is opened by a broker, which goes on, and its snapshots are found as this build writes them`, async () => {
    const disk = await loadDirectory(folder)
    const broker = await DiskBroker.open(disk)
    const queue = await broker.queue('copies')
    for (let index = 0; index < 400; index++) {
      broker.publish(queue, `new ${index}`)
      if (index % 10 === 9) await drained()
    }
    await settled(broker.runtime.close(), 'the close')
    const found = await contentOfBroker(disk)
    assert.deepEqual(withoutMessages(found, queue.id), withoutMessages(expected(name), queue.id))
  })
}

/** What neither a restart nor a queue with new messages changes. */
function withoutMessages(content: BrokerContent, queue: number): unknown {
  const { namespaces, partitions, queues } = content
  const others = queues.filter(({ id }) => id !== queue)
  const still = others.map((each) => ({ ...each, mark: 0, redeliveredThrough: 0, messages: 0 }))
  return { namespaces, partitions, queues: still }
}
