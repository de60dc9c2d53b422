/**
 * The flags of `naru serve` that only the line socket has, and what they make of its listener. Pure: the gateway
 * says what can be, this file says it in the words of the command line.
 */
import type { ListenerKind } from '../broker/listener.ts'
import { DEFAULT_QUEUE, lineListener } from '../gateway/line/kind.ts'
import { lineLimits } from '../gateway/line/limits.ts'
import {
  answers,
  bodies,
  checkedOptions,
  framings,
  LineOptionError,
  type LineOptionName,
  type LineQueueOptions,
} from '../gateway/line/options.ts'
import { UsageError } from './failure.ts'
import type { FlaggedKind, FlagValues, ListenerFlag } from './listener-flags.ts'

const flagOfOption = {
  queue: 'line-queue',
  framing: 'line-framing',
  bodies: 'line-bodies',
  messageBytesMax: 'line-message-bytes',
  answers: 'line-answers',
  clientsMax: 'line-clients',
} as const satisfies Partial<Record<LineOptionName, string>>

const { messageBytesMax, clientsMax } = lineLimits

const flags: readonly ListenerFlag[] = [
  { name: 'line-queue', value: 'name', description: `the queue it fills (${DEFAULT_QUEUE})` },
  {
    name: 'line-framing',
    value: 'framing',
    description: `what a message is: ${framings.join(', ')}; chunk is what arrives (line)`,
  },
  {
    name: 'line-bodies',
    value: 'bodies',
    description: `UTF-8 or refused, or else bytes, or always bytes: ${bodies.join(', ')} (text)`,
  },
  {
    name: 'line-message-bytes',
    value: 'count',
    description: `a longer message is refused (${messageBytesMax})`,
  },
  {
    name: 'line-answers',
    value: 'none|ok',
    description: 'answer `OK id` once a message is on the disk (none)',
  },
  { name: 'line-clients', value: 'count', description: `clients at once (${clientsMax})` },
]

export const lineKind: FlaggedKind = { ...lineListener(), flags, configured }

function configured(values: FlagValues): ListenerKind {
  const options = optionsOf(values)
  try {
    checkedOptions(options)
  } catch (error) {
    if (!(error instanceof LineOptionError)) throw error
    throw new UsageError(lineSentence(error))
  }
  return lineListener(options)
}

/** What the listener says of an option, said of its flag. */
export function lineSentence({ option, reason, message }: LineOptionError): string {
  const [, flag] = Object.entries(flagOfOption).find(([name]) => name === option) ?? []
  return flag === undefined ? `--line: ${message}` : `--${flag} ${reason}`
}

function optionsOf(values: FlagValues): LineQueueOptions {
  const queue = values.get(flagOfOption.queue)
  const framing = wordOf(values, flagOfOption.framing, framings)
  const kind = wordOf(values, flagOfOption.bodies, bodies)
  const answering = wordOf(values, flagOfOption.answers, answers)
  const bytes = countOf(values, flagOfOption.messageBytesMax)
  const clients = countOf(values, flagOfOption.clientsMax)
  return {
    ...(queue === undefined ? {} : { queue }),
    ...(framing === undefined ? {} : { framing }),
    ...(kind === undefined ? {} : { bodies: kind }),
    ...(answering === undefined ? {} : { answers: answering }),
    ...(bytes === undefined ? {} : { messageBytesMax: bytes }),
    ...(clients === undefined ? {} : { clientsMax: clients }),
  }
}

function wordOf<Word extends string>(
  values: FlagValues,
  flag: string,
  words: readonly Word[],
): Word | undefined {
  const asked = values.get(flag)
  if (asked === undefined) return undefined
  const word = words.find((each) => each === asked)
  if (word !== undefined) return word
  throw new UsageError(`--${flag} is one of ${words.join(', ')}, not ${asked}`)
}

function countOf(values: FlagValues, flag: string): number | undefined {
  const asked = values.get(flag)
  if (asked === undefined) return undefined
  if (/^\d{1,15}$/.test(asked)) return Number(asked)
  throw new UsageError(`--${flag} is a whole number, not ${asked}`)
}
