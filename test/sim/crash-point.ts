/**
 * A moment of a run at which the power may go, and the images that it may leave. The crash disk makes
 * one per call when it is asked to record; it never changes afterwards, however the run goes on.
 */
import { type FrozenDisk, freezeDisk, signatureOf } from './disk-frozen.ts'
import type { NameTree } from './disk-names.ts'
import { type Image, imageAfterKill, images, sampleImage } from './disk-outcomes.ts'

/** When it was. */
export interface Moment {
  /** The number of the call under way; one more than the last call for the moment after it. */
  readonly call: number
  /** What the recorder said at that moment: the length of a ledger, say. */
  readonly mark: number
  /** Two points of one disk with equal versions have equal images. */
  readonly version: number
}

export class CrashPoint {
  readonly moment: Moment
  readonly #frozen: FrozenDisk

  constructor(tree: NameTree, moment: Moment) {
    this.moment = moment
    this.#frozen = freezeDisk(tree)
  }

  /** Points with equal signatures, of whatever disks, have the same images, perhaps under other names. */
  get signature(): number {
    return signatureOf(this.#frozen)
  }

  /** Every legal image, in a fixed order; equal ones are not left out. */
  images(): Generator<Image> {
    return images(this.#frozen)
  }

  /** The image of that name, or `null`; `killed` and samples among them. */
  image(name: string): Image | null {
    if (name === 'killed') return this.killed()
    const seed = /^sample (\d+)$/.exec(name)?.[1]
    if (seed !== undefined) return this.sample(Number(seed))
    for (const image of this.images()) if (image.name === name) return image
    return null
  }

  killed(): Image {
    return imageAfterKill(this.#frozen)
  }

  /** One image by chance, of all combinations and not only those that are enumerated: `sample 17` from seed 17. */
  sample(seed: number): Image {
    return sampleImage(this.#frozen, seed)
  }
}
