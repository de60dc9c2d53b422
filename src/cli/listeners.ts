/**
 * The table of listeners that are built: `naru serve` has one flag for each entry, and those that an entry brings
 * besides. An entry loads its gateway only when it is opened.
 */
import type { ListenerKind } from '../broker/listener.ts'
import { amqpListener } from '../gateway/amqp/kind.ts'
import { kafkaListener } from '../gateway/kafka/kind.ts'
import { lineKind } from './line-flags.ts'

export const listeners: readonly ListenerKind[] = [amqpListener, kafkaListener(), lineKind]
