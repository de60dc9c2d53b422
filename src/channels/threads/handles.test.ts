/** A handle is good for one kind of thing: another would take its memory for its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThreadBarrier } from './thread-barrier.ts'
import { ThreadChannel } from './thread-channel.ts'
import { ThreadElection } from './thread-election.ts'
import { ThreadLatch } from './thread-latch.ts'
import { ThreadOnce } from './thread-once.ts'
import { ThreadRwLock } from './thread-rw-lock.ts'
import { ThreadMutex, ThreadSemaphore } from './thread-semaphore.ts'

/** Each kind with a handle that it accepts. */
const kinds = [
  { attach: ThreadChannel.attach, handle: ThreadChannel.create().handle },
  { attach: ThreadBarrier.attach, handle: ThreadBarrier.create({ parties: 1 }).handle },
  { attach: ThreadLatch.attach, handle: ThreadLatch.create(1).handle },
  { attach: ThreadSemaphore.attach, handle: ThreadSemaphore.create(2).handle },
  { attach: ThreadRwLock.attach, handle: ThreadRwLock.create().handle },
  { attach: ThreadOnce.attach, handle: ThreadOnce.create().handle },
  { attach: ThreadElection.attach, handle: ThreadElection.create().handle },
] as readonly { readonly attach: (handle: never) => unknown; readonly handle: unknown }[]

test('a handle of another kind is refused, and so is what is none', () => {
  for (const [index, { attach }] of kinds.entries()) {
    const others = kinds.filter((_kind, other) => other !== index).map(({ handle }) => handle)
    for (const handle of [...others, {}]) {
      const refusal = { code: /_MISUSE$/, message: /^this is no .*handle/ }
      assert.throws(() => attach(handle as never), refusal)
    }
  }
  assert.throws(() => ThreadMutex.attach(ThreadRwLock.create().handle as never), {
    code: 'SYNC_MISUSE',
  })
})

test('a role that is none is refused', () => {
  const { handle } = ThreadChannel.create()
  assert.throws(() => ThreadChannel.attach(handle, { role: 'reader' as never }), {
    code: 'CHANNEL_MISUSE',
  })
})
