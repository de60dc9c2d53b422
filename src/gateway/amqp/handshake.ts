/**
 * What is said before a connection is open: who we are, what we can do, and which limits both sides keep. Only
 * what is built is advertised.
 */
import { version } from '../../base/version.ts'
import { type FieldTable, fieldOf, longString } from '../../wire/amqp/field-table.ts'
import type { Fields } from '../../wire/amqp/method-codec.ts'
import type { AmqpLimits } from './limits.ts'
import { mechanisms } from './login.ts'
import { type Reply, replyOf } from './replies.ts'

const capabilities = [
  'publisher_confirms',
  'basic.nack',
  'consumer_cancel_notify',
  'connection.blocked',
  'authentication_failure_close',
  'per_consumer_qos',
]

const encoder = new TextEncoder()

const serverProperties: FieldTable = [
  { name: 'product', value: longString('Naru') },
  { name: 'version', value: longString(version) },
  { name: 'platform', value: longString('Node.js') },
  { name: 'information', value: longString('AMQP 0-9-1 with the extensions of RabbitMQ') },
  {
    name: 'capabilities',
    value: {
      type: 'F',
      value: capabilities.map((name) => ({ name, value: { type: 't', value: true } })),
    },
  },
]

export const startFields: Fields<'connection.start'> = {
  versionMajor: 0,
  versionMinor: 9,
  serverProperties,
  mechanisms: encoder.encode(mechanisms),
  locales: encoder.encode('en_US'),
}

/** Whether the client says that it understands this. */
export function hasCapability(clientProperties: FieldTable, name: string): boolean {
  const claimed = fieldOf(clientProperties, 'capabilities')
  if (claimed?.type !== 'F') return false
  const value = fieldOf(claimed.value, name)
  return value?.type === 't' && value.value
}

/** What both sides keep to. */
export interface Tuning {
  readonly channelMax: number
  readonly frameMax: number
  /** 0: none. */
  readonly heartbeatSeconds: number
}

/** What the client chose, or why it cannot be. Its heartbeat counts, whatever we proposed. */
export function negotiate(
  chosen: Fields<'connection.tune-ok'>,
  limits: AmqpLimits,
): Tuning | Reply {
  const { channelMax, frameMax, heartbeat: heartbeatSeconds } = chosen
  return (
    checkRange('channel_max', channelMax, { min: limits.channelsMin, max: limits.channels }) ??
    checkRange('frame_max', frameMax, { min: limits.frameBytesMin, max: limits.frameBytes }) ?? {
      channelMax,
      frameMax,
      heartbeatSeconds,
    }
  )
}

function checkRange(
  field: string,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): Reply | null {
  const detail = value === 0 ? ' (no limit)' : ''
  if (value === 0 || value > max) {
    const text = `negotiated ${field} = ${value}${detail} is higher than the maximum allowed value`
    return replyOf('not-allowed', `${text} (${max})`)
  }
  if (value < min) {
    const text = `negotiated ${field} = ${value} is lower than the minimum allowed value (${min})`
    return replyOf('not-allowed', text)
  }
  return null
}
