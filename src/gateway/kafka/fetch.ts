/** Fetch: what a client wants of which partitions, and waiting while there is too little. */
import { mark } from '../../base/mark.ts'
import { decodeFetchRequest, type FetchRequest } from '../../wire/kafka/messages/fetch.generated.ts'
import type { WireReader } from '../../wire/kafka/reader.ts'
import type { Call } from './call.ts'
import { refuseFetch, sendFetch } from './fetch-answer.ts'
import { NO_SESSION } from './fetch-frame.ts'
import { type Plan, planFetch } from './fetch-plan.ts'
import { FetchWait } from './fetch-wait.ts'

/** Epochs of requests that need no session: one that wants none, and one that would like one. */
const SESSIONLESS_EPOCHS: readonly number[] = [-1, 0]

export function answerFetch(call: Call, r: WireReader): void {
  const request = decodeFetchRequest(r, call.version)
  const { sessionId, sessionEpoch } = request
  if (sessionId !== NO_SESSION || !SESSIONLESS_EPOCHS.includes(sessionEpoch)) {
    const error =
      sessionId === NO_SESSION ? 'INVALID_FETCH_SESSION_EPOCH' : 'FETCH_SESSION_ID_NOT_FOUND'
    refuseFetch(call, error)
    return
  }
  const plan = planFetch(call.gateway, request)
  if (isEnough(plan, request) || request.maxWaitMs <= 0 || request.topics.length === 0) {
    sendFetch(call, plan)
    return
  }
  const partitions = plan.topics.flatMap(({ shares }) => shares.map(({ partition }) => partition))
  const wait = new FetchWait(call.gateway, {
    partitions: partitions.filter((partition) => partition !== null),
    waitMs: Math.min(request.maxWaitMs, call.gateway.limits.fetchWaitMs),
    check: (why) => {
      const now = planFetch(call.gateway, request)
      if (why === 'appended' && !isEnough(now, request)) {
        mark('kafka/fetch-waits-on')
        return false
      }
      sendFetch(call, now)
      return true
    },
  })
  call.dropped = () => wait.end()
  wait.begin()
}

/** Whoever asks for more than one answer holds has enough when it is full. */
function isEnough(plan: Plan, { minBytes }: FetchRequest): boolean {
  const { availableBytes, hasError, sizeBytesMax } = plan
  return hasError || availableBytes >= Math.min(minBytes, sizeBytesMax)
}
