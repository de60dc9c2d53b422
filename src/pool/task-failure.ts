/** What a task threw, on its way from the worker to the pool: as it was, and the pool's own errors as the pool's. */
import { isSendable, putTogether, type Thrown, takeApart } from '../channels/codec/thrown.ts'
import { PoolNotSendable, PoolTaskMissing } from './errors.ts'

/** In the worker. */
export function takeFailure(thrown: unknown): Thrown {
  if (thrown instanceof Error || isSendable(thrown)) return takeApart(thrown)
  return takeApart(new PoolNotSendable('the task threw something that cannot be copied'))
}

/** In the pool. */
export function failureFrom(thrown: Thrown): unknown {
  if (thrown.kind === 'error') {
    if (thrown.name === 'PoolTaskMissing') return new PoolTaskMissing(thrown.message)
    if (thrown.name === 'PoolNotSendable') return new PoolNotSendable(thrown.message)
  }
  return putTogether(thrown)
}
