/** Of the pages of a queue those that a snapshot keeps: references, because the freezing of all happens in one turn. */
import type { Ring } from '../base/ring.ts'
import { PAGE_MESSAGES, type Page } from './page.ts'

export type KeptPages = {
  /** The lowest sequence that they have a place for. */
  readonly firstSequence: number
  readonly pages: readonly (Page | null)[]
}

/** From the first page that keeps something to the last one. */
export function keptPages(all: Ring<Page | null>, firstSequence: number): KeptPages {
  let from = 0
  let end = all.size
  while (from < end && !keeps(all.at(from))) from++
  while (from < end && !keeps(all.at(end - 1))) end--
  // Most of many thousand queues are empty, and all of them are frozen in one turn.
  if (from === end) return NOTHING
  const pages: (Page | null)[] = []
  for (let index = from; index < end; index++) pages.push(all.at(index))
  return { firstSequence: firstSequence + from * PAGE_MESSAGES, pages }
}

const NOTHING: KeptPages = { firstSequence: 1, pages: [] }

function keeps(page: Page | null): boolean {
  return page !== null && page.kept > 0
}
