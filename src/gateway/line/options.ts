/** What a line socket can be told, and what is wrong with it in one sentence. Pure: it opens nothing. */
import { lineLimits, messageBytesCeiling, messageBytesMin } from './limits.ts'
import type { SessionOptions } from './session.ts'

/** All of them may be left out: lines of text, not answered, within `lineLimits`. */
export type LineOptions = Partial<SessionOptions>

/** The same for a socket whose messages go into a queue of the broker. */
export interface LineQueueOptions extends LineOptions {
  /** Made if it is not there. `line` unless told. */
  readonly queue?: string
}

export type LineOptionName = keyof LineQueueOptions

export const framings: readonly SessionOptions['framing'][] = ['line', 'length', 'chunk']
export const bodies: readonly SessionOptions['bodies'][] = ['text', 'text-or-bytes', 'bytes']
export const answers: readonly SessionOptions['answers'][] = ['none', 'ok']

const COUNTS = ['clientsMax', 'unansweredMax'] as const
const TIMES = ['idleMs', 'messageMs', 'lingerMs', 'drainMs'] as const

/** An option that cannot be what it is. The sentence begins with the option's name, so that each door puts its own. */
export class LineOptionError extends RangeError {
  override readonly name = 'LineOptionError'
  readonly code = 'LINE_OPTION'
  readonly option: LineOptionName
  /** What follows the option's name: `is one of none, ok, not yes`. */
  readonly reason: string

  constructor(option: LineOptionName, reason: string) {
    super(`${option} ${reason}`)
    this.option = option
    this.reason = reason
  }
}

/** All options with their values; throws the first that cannot be. */
export function checkedOptions(chosen: LineOptions): SessionOptions {
  const options: SessionOptions = {
    framing: 'line',
    bodies: 'text',
    answers: 'none',
    ...lineLimits,
    ...chosen,
  }
  checkWord('framing', options.framing, framings)
  checkWord('bodies', options.bodies, bodies)
  checkWord('answers', options.answers, answers)
  const sizes = { min: messageBytesMin, max: messageBytesCeiling }
  checkCount('messageBytesMax', options.messageBytesMax, sizes)
  for (const name of COUNTS) {
    checkCount(name, options[name], { min: 1, max: Number.MAX_SAFE_INTEGER })
  }
  for (const name of TIMES) {
    if (options[name] >= 0) continue
    throw new LineOptionError(name, `is a time in milliseconds, not ${options[name]}`)
  }
  return options
}

function checkWord(name: LineOptionName, word: string, words: readonly string[]): void {
  if (words.includes(word)) return
  throw new LineOptionError(name, `is one of ${words.join(', ')}, not ${word}`)
}

function checkCount(
  name: LineOptionName,
  count: number,
  range: { readonly min: number; readonly max: number },
): void {
  if (Number.isSafeInteger(count) && count >= range.min && count <= range.max) return
  const upTo = range.max === Number.MAX_SAFE_INTEGER ? '' : ` to ${range.max}`
  throw new LineOptionError(name, `is a whole number from ${range.min}${upTo}, not ${count}`)
}
