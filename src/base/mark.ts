/**
 * Coverage marks tie odd code to the one small test that was written for it. Production code calls
 * `mark`, which does nothing unless a test listens; it never changes what the code around it does.
 */

type Listener = (name: string) => void

/** Empty in production, always; so a mark costs one load and one comparison. */
const listeners: Listener[] = []

/** Says that execution came past here. Names read `place/case`, as in `recovery/torn-last-entry`. */
export function mark(name: string): void {
  if (listeners.length === 0) return
  for (const listener of listeners) listener(name)
}

/** For tests that count: `listener` hears every mark of this thread until the answer is called. */
export function hearMarks(listener: Listener): () => void {
  listeners.push(listener)
  return () => {
    listeners.splice(listeners.indexOf(listener), 1)
  }
}

/**
 * For tests: runs `action` and throws unless it came past the mark. Only this thread is heard, and
 * tests that run at the same time in one process hear each other.
 */
export async function expectMark<T>(name: string, action: () => T | Promise<T>): Promise<T> {
  const heard = new Set<string>()
  const stop = hearMarks((each) => {
    heard.add(each)
  })
  try {
    const result = await action()
    if (!heard.has(name)) {
      const others = heard.size === 0 ? 'no mark at all' : [...heard].join(', ')
      throw new Error(`expected to come past the mark '${name}', came past ${others}`)
    }
    return result
  } finally {
    stop()
  }
}
