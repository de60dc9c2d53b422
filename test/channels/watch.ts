/** Looks at a promise without waiting for it. */

export interface Watched<T> {
  state: 'pending' | 'resolved' | 'rejected'
  value: T | null
  error: unknown
}

/** What a promise has come to, kept up to date. */
export function watch<T>(promise: Promise<T>): Watched<T> {
  const seen: Watched<T> = { state: 'pending', value: null, error: null }
  promise.then(
    (value) => {
      seen.state = 'resolved'
      seen.value = value
    },
    (error: unknown) => {
      seen.state = 'rejected'
      seen.error = error
    },
  )
  return seen
}
