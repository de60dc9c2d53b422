/**
 * What the tools find wrong in a journal's directory: where it is, what it means for people, and what
 * a repair needs to know. Plain values; nobody acts here.
 */
import type { TableRow } from '../snapshot-format.ts'

/** `harmless`: the next start clears it up. `torn tail`: the same, and none of it was acknowledged. */
export type Severity = 'harmless' | 'torn tail' | 'damage'

/** One thing that is wrong. */
export type Finding = {
  readonly file: string
  readonly offset: number
  readonly severity: Severity
  readonly what: string
}

/** Where a use of a file should stand. */
export type Place = {
  readonly slot: number
  readonly generation: number
  readonly fileBytes: number
}

/** What could be done about a finding. The order of the kinds is the order in which a survey meets them. */
export type Remedy =
  | { readonly kind: 'format' }
  /** The newest header is lost, and what stands behind it shows that the file is the one that is looked for. */
  | { readonly kind: 'header'; readonly place: Place }
  /** The file is not there, or was used for something else since; the row says what it held. */
  | { readonly kind: 'stand-in'; readonly place: Place; readonly row: TableRow | null }
  | { readonly kind: 'size'; readonly slot: number; readonly fileBytes: number }
  /** `next` is the file in which the journal goes on, or null where nobody knows. */
  | {
      readonly kind: 'footer'
      readonly place: Place
      readonly row: TableRow | null
      readonly next: Place | null
    }
  /** All of it is covered by a snapshot: only bodies are lost. */
  | { readonly kind: 'gap'; readonly place: Place; readonly gap: Gap }
  | { readonly kind: 'cut'; readonly place: Place; readonly at: CutPoint }
  /** The log ends at `at`, before its snapshot. */
  | {
      readonly kind: 'pad'
      readonly place: Place
      readonly at: CutPoint
      readonly through: number
    }
  | { readonly kind: 'torn'; readonly slot: number; readonly at: number; readonly bytes: number }
  | { readonly kind: 'snapshot'; readonly name: string }
  | { readonly kind: 'stale-header'; readonly slot: number; readonly copy: 0 | 1 }
  | { readonly kind: 'spare'; readonly slot: number }
  /** Nothing can be done from what is here. */
  | { readonly kind: 'none' }

export type Problem = Finding & { readonly remedy: Remedy }

/** The start of the first commit that is not whole, and the ticket it would begin with. */
export type CutPoint = { readonly offset: number; readonly commit: number; readonly ticket: number }

/** Where a frame stands in its commit, and the ticket that comes with it. */
export type FrameOrder = {
  readonly commit: number
  readonly index: number
  readonly ticket: number
}

/** Bytes [from, to) of a file in which no valid frame begins, and the frames they should have held. */
export type Gap = {
  readonly from: number
  readonly to: number
  /** Survivors have no order that a missing one would break. */
  readonly kind: 'commits' | 'survivors'
  readonly first: FrameOrder
  /** The frame that comes behind it, in this file or the next; null: nobody knows. */
  readonly next: FrameOrder | null
}
