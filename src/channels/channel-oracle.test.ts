/** The channel against its model: the same operations in the same order, and after each the same outcomes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ChannelModel } from '../../test/channels/channel-model.ts'
import { Clockwork } from '../../test/channels/clockwork.ts'
import { Channel } from './channel.ts'
import type { WhenFull } from './channel-options.ts'
import { ChannelError, type Ending } from './contract.ts'

type Step =
  | { readonly kind: 'put' | 'get' | 'next' | 'join'; readonly timeoutMs: number | null }
  | { readonly kind: 'tryPut' | 'tryGet' | 'offer' | 'taskDone' }
  | { readonly kind: 'abort' | 'leave'; readonly which: number }
  | { readonly kind: 'pass'; readonly timeMs: number }
  | { readonly kind: 'close'; readonly ending: Ending }

const timeouts = fc.option(fc.integer({ min: 0, max: 3 }), { nil: null, freq: 3 })
const waits = fc.record({
  kind: fc.constantFrom('put' as const, 'get' as const, 'next' as const, 'join' as const),
  timeoutMs: timeouts,
})
const steps: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: waits, weight: 10 },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'tryPut' as const,
        'tryGet' as const,
        'offer' as const,
        'taskDone' as const,
      ),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('abort' as const, 'leave' as const),
      which: fc.nat(30),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      timeMs: fc.integer({ min: 1, max: 2 }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      ending: fc.constantFrom<Ending>('drain', 'now'),
    }),
    weight: 1,
  },
)

const worlds = fc
  .record({
    capacity: fc.constantFrom(0, 1, 2, 3, Number.POSITIVE_INFINITY),
    whenFull: fc.constantFrom<WhenFull>(
      'block',
      'reject',
      'drop-newest',
      'drop-oldest',
      'conflate',
    ),
  })
  .filter(({ capacity, whenFull }) => {
    return capacity > 0 || (whenFull !== 'drop-oldest' && whenFull !== 'conflate')
  })

/** A wait that the test started, with the means to end it. */
interface Started {
  readonly id: number
  readonly controller: AbortController
  readonly dueMs: number
  readonly iterator: AsyncIterator<number> | null
}

class Pair {
  readonly world: Clockwork = new Clockwork()
  readonly channel: Channel<number>
  readonly model: ChannelModel
  readonly outcomes: Map<number, string> = new Map()
  readonly started: Started[] = []
  values = 0

  constructor(options: { capacity: number; whenFull: WhenFull }) {
    this.channel = new Channel(options, this.world)
    this.model = new ChannelModel(options.capacity, options.whenFull)
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'put':
      case 'get':
      case 'next':
      case 'join':
        this.#start(step.kind, step.timeoutMs)
        break
      case 'tryPut':
        this.values += 1
        assert.equal(this.channel.tryPut(this.values), this.model.tryPut(this.values))
        break
      case 'offer':
        this.values += 1
        assert.equal(this.channel.offer(this.values), this.model.offer(this.values))
        break
      case 'tryGet':
        assert.equal(this.channel.tryGet(), this.model.tryGet())
        break
      case 'taskDone':
        if (this.model.taskDone()) this.channel.taskDone()
        else assert.throws(() => this.channel.taskDone(), { code: 'CHANNEL_MISUSE' })
        break
      case 'abort':
      case 'leave':
        this.#end(step.kind, step.which)
        break
      case 'pass':
        await this.#pass(step.timeMs)
        break
      case 'close':
        this.channel.close(step.ending)
        this.model.close(step.ending)
        break
    }
    await this.world.settle()
    this.#compare()
  }

  #start(kind: 'put' | 'get' | 'next' | 'join', timeoutMs: number | null): void {
    const id = this.started.length
    const controller = new AbortController()
    const { signal } = controller
    // `next` takes neither a signal nor a time: it is ended by leaving the loop.
    const waits = kind === 'next' ? null : timeoutMs
    const options = waits === null ? { signal } : { signal, timeoutMs: waits }
    const iterator = kind === 'next' ? this.channel[Symbol.asyncIterator]() : null
    const dueMs = waits === null ? Number.POSITIVE_INFINITY : this.world.nowMs + waits
    this.started.push({ id, controller, dueMs, iterator })
    if (kind === 'put') {
      this.values += 1
      this.#record(id, this.channel.put(this.values, options), () => 'ok')
      this.model.startPut(id, this.values)
    } else if (kind === 'join') {
      this.#record(id, this.channel.join(options), () => 'ok')
      this.model.startJoin(id)
    } else {
      if (iterator === null)
        this.#record(id, this.channel.get(options), (value) => `value ${value}`)
      else this.#record(id, iterator.next(), (result) => resultText(result))
      this.model.startGet(id)
    }
    if (waits === 0) this.model.cancel(id, 'CHANNEL_TIMEOUT')
  }

  #end(kind: 'abort' | 'leave', which: number): void {
    const started = this.started[which]
    if (started === undefined) return
    if (kind === 'abort') {
      started.controller.abort('aborted')
      if (started.iterator === null) this.model.cancel(started.id, 'aborted')
    } else if (started.iterator !== null) {
      void started.iterator.return?.()
      this.model.cancel(started.id, 'left')
    }
  }

  /** Lets time pass a millisecond at a time; whoever is due loses. */
  async #pass(timeMs: number): Promise<void> {
    for (let count = 0; count < timeMs; count++) {
      await this.world.advance(1)
      for (const { id, dueMs } of this.started) {
        if (dueMs <= this.world.nowMs) this.model.cancel(id, 'CHANNEL_TIMEOUT')
      }
    }
  }

  #record<T>(id: number, promise: Promise<T>, text: (value: T) => string): void {
    promise.then(
      (value) => this.outcomes.set(id, text(value)),
      (error: unknown) => {
        this.outcomes.set(id, error instanceof ChannelError ? error.code : String(error))
      },
    )
  }

  #compare(): void {
    for (const { id, iterator } of this.started) {
      const expected = this.model.outcomes.get(id)
      // A loop ends quietly where `get` rejects.
      const quiet = iterator !== null && (expected === 'CHANNEL_CLOSED' || expected === 'left')
      assert.equal(this.outcomes.get(id), quiet ? 'end' : expected, `outcome of wait ${id}`)
    }
    const { size, put, got, dropped, unfinished, waitingToPut, waitingToGet } = this.channel.stats()
    const { model } = this
    assert.deepEqual(
      { size, put, got, dropped, unfinished, waitingToPut, waitingToGet },
      {
        size: model.items.length,
        put: model.put,
        got: model.got,
        dropped: model.dropped,
        unfinished: model.unfinished,
        waitingToPut: model.putters.length,
        waitingToGet: model.getters.length,
      },
    )
  }
}

function resultText(result: IteratorResult<number>): string {
  return result.done === true ? 'end' : `value ${result.value}`
}

test('whatever is done to it, a channel does what its model does', async () => {
  await fc.assert(
    fc.asyncProperty(
      worlds,
      fc.array(steps, { maxLength: 60, size: 'max' }),
      async (options, list) => {
        const pair = new Pair(options)
        for (const step of list) await pair.take(step)
      },
    ),
    { numRuns: 2000 },
  )
})
