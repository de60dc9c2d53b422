/** What a planted bug is: one text in one source replaced by another, and who should notice. */

export interface Bug {
  /** What the planted product does wrong, in a few words. */
  readonly what: string
  /** The source it is planted in, from the root. */
  readonly file: string
  /** Stands in that source exactly once. */
  readonly right: string
  /** Stands there instead while the tests run. */
  readonly wrong: string
  /** Parts of paths of tests: the ones that most likely notice, run before all others. */
  readonly by: readonly string[]
}
