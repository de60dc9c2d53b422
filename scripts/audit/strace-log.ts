/** Reads the lines of `strace -f -yy -xx`: which call began or ended, on which file, with which bytes. */

export type TracedCall = {
  readonly name: string
  readonly fd: number
  /** The path behind the descriptor, or what else strace says it is. */
  readonly path: string
  /** What a write carries, as far as strace showed it; empty for other calls. */
  readonly bytes: Uint8Array
  /** Whether all of the bytes were shown. */
  readonly isWhole: boolean
}

/** `done` has the result; a call that nobody interrupted is begun and done on one line. */
export type TracedEvent =
  | { readonly kind: 'begun'; readonly thread: string; readonly call: TracedCall }
  | {
      readonly kind: 'done'
      readonly thread: string
      readonly call: TracedCall
      readonly result: number
    }

const LINE = /^(?:\[pid\s+)?(\d+)\]?\s+(.*)$/
const RESULT = /\)\s+= (-?\d+)(?:\s.*)?$/
const CALL = /^(\w+)\((\d+)<((?:[^<>]|<[^<>]*>|->)*)>/

/** One per log: a call that was interrupted is told in two lines. */
export class StraceLog {
  readonly #unfinished = new Map<string, string>()

  /** The events of a line, oldest first. Lines about signals and exits have none. */
  read(line: string): readonly TracedEvent[] {
    const [, thread = '', rest = ''] = LINE.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)
    if (resumed !== null) {
      const start = this.#unfinished.get(thread)
      this.#unfinished.delete(thread)
      if (start === undefined) return []
      return this.#done(thread, start + rest.slice(resumed[0].length))
    }
    if (!CALL.test(rest)) return []
    const cut = rest.indexOf(' <unfinished ...>')
    if (cut < 0) {
      const done = this.#done(thread, rest)
      return done.length === 0 ? [] : [{ kind: 'begun', thread, call: callOf(rest) }, ...done]
    }
    this.#unfinished.set(thread, rest.slice(0, cut))
    return [{ kind: 'begun', thread, call: callOf(rest.slice(0, cut)) }]
  }

  #done(thread: string, text: string): TracedEvent[] {
    const result = RESULT.exec(text)?.[1]
    if (result === undefined) return []
    return [{ kind: 'done', thread, call: callOf(text), result: Number(result) }]
  }
}

function callOf(text: string): TracedCall {
  const [, name = '', fd = '', path = ''] = CALL.exec(text) ?? []
  const strings = [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)]
  const bytes = Buffer.concat(
    strings.map((match) => Buffer.from((match[1] ?? '').replaceAll('\\x', ''), 'hex')),
  )
  return {
    name,
    fd: Number(fd),
    path: textOf(path),
    bytes,
    isWhole: strings.every((match) => !match[2]),
  }
}

/** With -xx paths are hexadecimal too. */
function textOf(path: string): string {
  return path.replace(/(?:\\x[0-9a-f]{2})+/g, (shown) =>
    Buffer.from(shown.replaceAll('\\x', ''), 'hex').toString('utf8'),
  )
}
