/** Laws of channels over one queue, whatever the program does with them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Place } from '../../test/client/place.ts'
import { ChannelClosed } from '../channels/contract.ts'
import type { QueueChannel, QueueChannelOptions } from './queue-channel.ts'

/** Three ends, so that one may work while one waits and one is closed and opened anew. */
const ENDS = 3

const STEPS = ['put', 'get', 'aborted get', 'tryGet', 'done', 'reopen', 'settle'] as const

type Step = { readonly kind: (typeof STEPS)[number]; readonly end: number }

const steps = fc.array(
  fc.record({ kind: fc.constantFrom(...STEPS), end: fc.nat({ max: ENDS - 1 }) }),
  { minLength: 1, maxLength: 60 },
)

const shapes = fc.record({
  prefetch: fc.constantFrom(1, 2, 100),
  prefetchBytes: fc.constantFrom(1, 6, Number.POSITIVE_INFINITY),
  capacity: fc.constantFrom(1, 5, Number.POSITIVE_INFINITY),
  acks: fc.constantFrom('on-get', 'on-task-done'),
})

/** One end, and the values it got; those that are not done when it goes come again. */
interface End {
  channel: QueueChannel<number>
  undone: number[]
}

class Story {
  readonly #place: Place
  readonly #options: QueueChannelOptions<number>
  readonly #ends: End[] = []
  readonly #putting: Promise<void>[] = []
  readonly finished: number[] = []
  #next = 0

  constructor(place: Place, options: QueueChannelOptions<number>) {
    this.#place = place
    this.#options = options
  }

  /** How many values went in: a put whose end was closed before it found room did not. */
  count = 0

  async begin(): Promise<void> {
    for (let index = 0; index < ENDS; index++) this.#ends.push(await this.#open())
  }

  async step({ kind, end: index }: Step): Promise<void> {
    const end = this.#ends[index]!
    switch (kind) {
      case 'put':
        return this.#put(end)
      case 'get':
        return this.#get(end, {})
      case 'aborted get': {
        const controller = new AbortController()
        this.#get(end, { signal: controller.signal })
        if (this.#next % 2 === 0) await this.#place.ports.settle()
        return controller.abort(new Error('enough'))
      }
      case 'tryGet': {
        const value = end.channel.tryGet()
        if (value !== undefined) this.#got(end, value)
        return
      }
      case 'done':
        return this.#done(end)
      case 'reopen':
        end.channel.close('now')
        this.#ends[index] = await this.#open()
        return
      case 'settle':
        return this.#place.ports.settle()
    }
  }

  /** Receives and finishes all that is left. */
  async end(): Promise<void> {
    for (const end of this.#ends) while (end.undone.length > 0) this.#done(end)
    const last = await this.#open()
    const ending = (async () => {
      await Promise.all(this.#putting)
      last.channel.close()
    })()
    const receiving = (async () => {
      for await (const value of last.channel) {
        this.#got(last, value)
        this.#done(last)
      }
    })()
    for (const { channel } of this.#ends) channel.close('now')
    await this.#place.drive(Promise.all([ending, receiving]))
  }

  async #open(): Promise<End> {
    return { channel: await this.#place.channel<number>('queue', this.#options), undone: [] }
  }

  #put({ channel }: End): void {
    this.#putting.push(
      channel.put(this.#next++).then(
        () => {
          this.count++
        },
        (error: unknown) => assert.ok(error instanceof ChannelClosed),
      ),
    )
  }

  #get(end: End, options: { readonly signal?: AbortSignal }): void {
    end.channel.get(options).then(
      (value) => this.#got(end, value),
      (error: unknown) =>
        assert.ok(error instanceof ChannelClosed || String(error) === 'Error: enough'),
    )
  }

  #got(end: End, value: number): void {
    if (this.#options.acks === 'on-get') this.finished.push(value)
    else end.undone.push(value)
  }

  /** The oldest is done, unless the end has gone: then it comes again, to another. */
  #done(end: End): void {
    const value = end.undone.shift()
    if (value === undefined) return
    end.channel.taskDone()
    this.finished.push(value)
  }
}

test('every value that went in is finished once, whoever comes, gives up and goes', () =>
  fc.assert(
    fc.asyncProperty(shapes, steps, (shape, story) =>
      Place.run(async (place) => {
        const told = new Story(place, shape)
        await told.begin()
        for (const step of story) await told.step(step)
        await told.end()
        assert.equal(new Set(told.finished).size, told.finished.length, 'a value came twice')
        assert.equal(told.finished.length, told.count)
      }),
    ),
    { numRuns: 200 },
  ))
