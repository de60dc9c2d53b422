/** The public API of the package `naru`: what works today, and nothing that does not. */

export type { Body, Json } from './api/body.ts'
export { Broker, type BrokerOptions } from './api/broker.ts'
export type { ConsumeOptions, Consumption, MessageBatch } from './api/consumption.ts'
export {
  AppendAborted,
  BrokerError,
  type BrokerErrorCode,
  QueueDiffers,
  QueueMissing,
  RecordsUnreadable,
  SendAborted,
  StreamDiffers,
  StreamMissing,
} from './api/errors.ts'
export type { LineListen, ListenOptions } from './api/listen-options.ts'
export type { Message } from './api/message.ts'
export type { Offsets } from './api/offsets.ts'
export type { WaitOptions } from './api/options.ts'
export type { BrokerQueue, QueueOptions, SendOptions } from './api/queue.ts'
export type { Appended, BrokerRecord } from './api/record.ts'
export type { BrokerStream, StreamOptions } from './api/stream.ts'
export type { ReadOptions, RecordBatch } from './api/stream-reader.ts'
export type { NewRecord } from './api/stream-writer.ts'
export { version } from './base/version.ts'
export { JournalError, type JournalErrorCode } from './journal/errors.ts'
export type { DurabilityMode } from './machine/durability.ts'
