/**
 * A broker with a Kafka listener, in memory or on a simulated disk, and clients that are scripts. Time stands still
 * unless a test moves it, so a sync that takes five milliseconds is not over before the test says so.
 */
// A broker loads this one when it opens a directory: here before time stands still, which waits for no file.
import '../../src/journal/journal.ts'
import assert from 'node:assert/strict'
import type { Connection, Net, World } from '../../src/base/ports.ts'
import type { BrokerLimits } from '../../src/broker/limits.ts'
import { Runtime } from '../../src/broker/runtime.ts'
import type { KafkaOptions } from '../../src/gateway/kafka/gateway.ts'
import type { KafkaLimits } from '../../src/gateway/kafka/limits.ts'
import { type KafkaListener, openKafkaListener } from '../../src/gateway/kafka/listener.ts'
import type { JournalLimits } from '../../src/journal/limits.ts'
import { Clockwork } from '../channels/clockwork.ts'
import { CrashDisk } from '../sim/crash-disk.ts'
import { KafkaClient } from './kafka-client.ts'

export interface KafkaWorldOptions {
  readonly limits?: Partial<KafkaLimits>
  readonly options?: Partial<KafkaOptions>
  /** `disk`: on a simulated one, synced. In memory without. */
  readonly on?: 'disk' | 'memory'
  readonly brokerLimits?: Partial<BrokerLimits>
  readonly journalLimits?: Partial<JournalLimits>
}

const DIRECTORY = 'data'
const ADDRESS = { kind: 'tcp', host: '127.0.0.1', port: 9092 } as const

/** How long the disk takes, to be changed at any time. */
interface Pace {
  syncMs: number
}

export class KafkaWorld {
  readonly clockwork: Clockwork
  readonly disk: CrashDisk
  readonly warnings: string[]
  readonly broker: Runtime
  readonly listener: KafkaListener
  readonly #pace: Pace
  readonly #accept: (connection: Connection) => void
  #clients = 0

  private constructor(parts: {
    readonly clockwork: Clockwork
    readonly disk: CrashDisk
    readonly pace: Pace
    readonly warnings: string[]
    readonly broker: Runtime
    readonly listener: KafkaListener
    readonly accept: (connection: Connection) => void
  }) {
    this.clockwork = parts.clockwork
    this.disk = parts.disk
    this.#pace = parts.pace
    this.warnings = parts.warnings
    this.broker = parts.broker
    this.listener = parts.listener
    this.#accept = parts.accept
  }

  static async open(options: KafkaWorldOptions = {}): Promise<KafkaWorld> {
    const clockwork = new Clockwork()
    const { clock, random, scheduler } = clockwork
    const pace: Pace = { syncMs: 0 }
    const timing = {
      ...{ clock, scheduler, bytesPerSecond: Number.POSITIVE_INFINITY },
      delayMs: ({ kind }: { readonly kind: string }) => (kind === 'sync' ? pace.syncMs : 0),
    }
    const disk = new CrashDisk({ timing, history: 'none' })
    const warnings: string[] = []
    let accept: (connection: Connection) => void = () => assert.fail('nobody listens')
    const net: Net = {
      listen: (_address, accepts) => {
        accept = accepts
        return Promise.resolve({ address: ADDRESS, close: () => Promise.resolve() })
      },
      connect: () => assert.fail('a broker calls nobody'),
    }
    const world: World = { clock, random, scheduler, net, disk }
    const log = { info: () => {}, warn: (text: string) => warnings.push(text), error: assert.fail }
    const broker = await clockwork.until(
      Runtime.open({
        ...{ world, log, durability: 'fsync' },
        directory: options.on === 'disk' ? DIRECTORY : null,
        limits: options.brokerLimits ?? {},
        journalLimits: options.journalLimits ?? {},
      }),
    )
    const listener = await openKafkaListener({
      ...{ world, address: ADDRESS, broker, log },
      options: options.options ?? {},
      limits: options.limits ?? {},
    })
    return new KafkaWorld({ clockwork, disk, pace, warnings, broker, listener, accept })
  }

  /** How long a sync of the disk takes from now on. */
  set syncMs(ms: number) {
    this.#pace.syncMs = ms
  }

  connect(): KafkaClient {
    this.#clients++
    const client = new KafkaClient(this.clockwork, `127.0.0.1:${50_000 + this.#clients}`)
    this.#accept(client)
    return client
  }

  /** Lets time pass, with all that becomes due. */
  async pass(ms: number): Promise<void> {
    await this.clockwork.advance(ms)
  }

  /** Makes a topic, without a client. */
  async topic(name: string, partitions = 1): Promise<void> {
    const namespace = this.broker.namespace('/')
    assert.ok(namespace !== undefined)
    const identity = this.broker.chance(16)
    const notes = new Uint8Array(0)
    const request = { name, partitions, identity, notes, durability: null }
    const made = this.broker.declare.stream(namespace, request)
    assert.ok('partitions' in (await this.clockwork.until(made)))
  }

  /** Nothing was thrown where nobody could catch it. */
  check(): void {
    assert.deepEqual(this.clockwork.errors, [])
    assert.equal(this.broker.failure, null)
  }
}
