/**
 * The limits: what bounds a loop, a queue or a size, each with its reason, related by assertions
 * (STYLE 4.20). A limit enters this file with the code that keeps it, never before. A computed one
 * says `as number`, because the compiler wants the type of what is exported without computing it.
 */
import { assert } from './assert.ts'
import { MiB } from './bytes.ts'

export const limits = {
  writerBytes: (256 * MiB) as number, // twice the largest body; a frame past this is a runaway loop
  ringSlotsKept: 1024, // a drained ring keeps this much; after a burst of a million it gives 8 MB back
} as const

assert(limits.ringSlotsKept > 0 && (limits.ringSlotsKept & (limits.ringSlotsKept - 1)) === 0)
