/**
 * Channel 0: the methods of the connection itself, from the greeting to the close. It moves the session through
 * its phases and decides who gets in.
 */

import { DEFAULT_NAMESPACE } from '../../broker/runtime.ts'
import { isRefusal } from '../../machine/refusal.ts'
import type { Fields, Method } from '../../wire/amqp/method-codec.ts'
import type { MethodId } from './channels.ts'
import { hasCapability, negotiate, startFields, type Tuning } from './handshake.ts'
import { judgeLogin } from './login.ts'
import { phaseAfter } from './phase.ts'
import { replyOf, replyTo } from './replies.ts'
import type { Session } from './session.ts'

export class ChannelZero {
  readonly #session: Session
  #tuning: Tuning = { channelMax: 0, frameMax: 0, heartbeatSeconds: 0 }

  constructor(session: Session) {
    this.#session = session
  }

  /** The client said which protocol it speaks, and it is ours. */
  greet(): void {
    const session = this.#session
    session.phase = 'starting'
    session.send(0, 'connection.start', startFields)
  }

  take(method: Method, id: MethodId): void {
    const session = this.#session
    if (method.name === 'connection.close') this.#close()
    if (method.name === 'connection.close-ok' && session.phase === 'closing') session.end()
    if (session.isOver) return
    if (method.name === 'connection.update-secret' && session.isRunning) {
      // Passwords do not run out, so there is nothing to renew; RabbitMQ says the same of its own users.
      session.send(0, 'connection.update-secret-ok', {})
      return
    }
    const next = phaseAfter(session.phase, method.name)
    if (next === null) {
      const text = `unexpected method in connection state ${session.phase}`
      session.fail(replyOf('channel-error', text), id)
      return
    }
    session.phase = next
    if (method.name === 'connection.start-ok') this.#login(method.fields, id)
    if (method.name === 'connection.tune-ok') this.#tune(method.fields, id)
    if (method.name === 'connection.open') this.#open(method.fields, id)
  }

  #close(): void {
    const session = this.#session
    // Whoever crosses our close with its own gets its answer, and so do we.
    session.letGo()
    session.send(0, 'connection.close-ok', {})
    session.end()
  }

  #login(fields: Fields<'connection.start-ok'>, id: MethodId): void {
    const session = this.#session
    const { mechanism, response, clientProperties } = fields
    session.hearsCancels = hasCapability(clientProperties, 'consumer_cancel_notify')
    session.alarm.isHeard = hasCapability(clientProperties, 'connection.blocked')
    const login = judgeLogin(mechanism, response, session.connection.peer)
    if (login.kind === 'accepted') {
      const { limits } = session
      session.user = login.user
      session.send(0, 'connection.tune', {
        channelMax: limits.channels,
        frameMax: limits.frameBytes,
        heartbeat: limits.heartbeatSeconds,
      })
      return
    }
    if (login.kind === 'unknown-mechanism') {
      session.fail(
        replyOf('command-invalid', `unknown authentication mechanism '${mechanism}'`),
        id,
      )
      return
    }
    this.#refuseLogin(fields, `login of '${login.user}' refused: ${login.reason}`)
  }

  /** After a while, so that guessing takes its time; and in words only to those who understand them. */
  #refuseLogin(fields: Fields<'connection.start-ok'>, reason: string): void {
    const session = this.#session
    const { mechanism, clientProperties } = fields
    const hears = hasCapability(clientProperties, 'authentication_failure_close')
    const text = `Login was refused using authentication mechanism ${mechanism}. For details see the broker logfile.`
    session.hold()
    session.broker.world.scheduler.after(session.limits.loginRefusedMs, () => {
      if (hears) session.fail(replyOf('access-refused', text))
      else session.drop(reason)
      session.release()
    })
  }

  #tune(fields: Fields<'connection.tune-ok'>, id: MethodId): void {
    const session = this.#session
    const tuning = negotiate(fields, session.limits)
    if ('ends' in tuning) session.fail(tuning, id)
    else this.#tuning = tuning
  }

  #open(fields: Fields<'connection.open'>, id: MethodId): void {
    const session = this.#session
    const { broker } = session
    const vhost = fields.virtualHost === '' ? DEFAULT_NAMESPACE : fields.virtualHost
    const namespace = broker.namespace(vhost)
    if (namespace === undefined) {
      session.fail(replyTo({ kind: 'namespace-missing', namespace: vhost }, vhost), id)
      return
    }
    session.open(vhost, namespace, this.#tuning)
    session.hold()
    // What every RabbitMQ has from the start; made by the first who comes.
    const standard = { kind: 'direct', durable: true, autoDelete: false, internal: false }
    broker.declare.exchange(namespace, 'amq.direct', standard).then(
      (made) => {
        if (isRefusal(made)) session.fail(replyTo(made, vhost), id)
        else if (session.isRunning) session.send(0, 'connection.open-ok', { knownHosts: '' })
        session.release()
      },
      (error: unknown) => {
        session.fail(replyOf('internal-error', String(error)), id)
        session.release()
      },
    )
  }
}
