/** What the other processes of these tests do: one role each, named on the command line. */
import { Socket } from 'node:net'

import { Service } from '../../src/channels/mod.ts'
import {
  connectChannel,
  coordinate,
  fifoSender,
  joinBarrier,
  listenChannel,
  listenRpc,
  pipeChannel,
} from '../../src/channels/processes/mod.ts'

type Value = readonly [sender: number, index: number]

const [role = '', path = '', ...numbers] = process.argv.slice(2)
const [id = 0, count = 0] = numbers.map(Number)
const address = { kind: 'unix', path } as const
const patient = { patienceMs: 10_000 }

const roles: Readonly<Record<string, () => Promise<void>>> = {
  /** Puts its numbers as fast as it may, and leaves in good order. */
  async producer() {
    const channel = await connectChannel<Value>(address, patient)
    for (let index = 0; index < count; index++) {
      if (!channel.tryPut([id, index])) await channel.put([id, index])
    }
    await channel[Symbol.asyncDispose]()
  },
  /** Gives back whatever it gets, until there is no more. It lets so many values come unasked. */
  async echo() {
    const channel = await connectChannel<Value>(address, { ...patient, windowMessages: count })
    for await (const value of channel) await channel.put(value)
    await channel[Symbol.asyncDispose]()
  },
  /** The same as a listener. */
  async host() {
    const channel = await listenChannel<Value>(address)
    console.log('ready')
    for await (const value of channel) await channel.put(value)
  },
  /** The same over the pipe that its parent gave it. */
  async pipe() {
    const channel = await pipeChannel<Value>(new Socket({ fd: 3 }), { side: 'connecting' })
    for await (const value of channel) await channel.put(value)
    await channel[Symbol.asyncDispose]()
  },
  /** Answers calls until it is ended. */
  async server() {
    const service = new Service()
    service.serve('double', (n: number) => n * 2)
    service.serve('never', () => new Promise(() => {}))
    service.serve('count', async function* (to: number) {
      for (let n = 1; n <= to; n++) yield n
    })
    await listenRpc(address, { service })
    console.log('ready')
  },
  async fifo() {
    const sender = await fifoSender<Value>(path)
    for (let index = 0; index < count; index++) await sender.put([id, index])
    await sender[Symbol.asyncDispose]()
  },
  /** Meets the others so many times, and tells of each round. */
  async party() {
    const barrier = await joinBarrier(address, 'stage', { ...patient, parties: id })
    for (let round = 0; round < count; round++) {
      const { generation, index } = await barrier.wait()
      console.log(`${generation} ${index}`)
    }
    await barrier.leave()
  },
  /** Takes a lock and never gives it back. */
  async holder() {
    const coordination = await coordinate(address, patient)
    await coordination.lock('door')
    console.log('holds')
    await new Promise(() => {})
  },
}

await roles[role]?.()
