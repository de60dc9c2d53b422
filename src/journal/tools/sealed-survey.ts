/** Checks the files of the table that are not replayed: header, footer, and every frame with its checksum. */
import type { DiskFile } from '../../base/ports.ts'
import { seedOf } from '../checksum.ts'
import type { FileHeader } from '../file-header.ts'
import { readFooter } from '../footer-reader.ts'
import type { JournalFile } from '../journal-file.ts'
import type { ChainLink } from './chain-survey.ts'
import { findPlace } from './find-place.ts'
import { firstFrame, type WalkRange } from './frame-walk.ts'
import { describeGap, gapsIn, survivorGapsIn } from './gaps.ts'
import { reading, type SurveyGround } from './ground.ts'
import type { Gap } from './problem.ts'

export class SealedSurvey {
  readonly #ground: SurveyGround
  readonly #replayed: ReadonlySet<number>

  constructor(ground: SurveyGround, chain: readonly ChainLink[]) {
    this.#ground = ground
    this.#replayed = new Set(chain.map(({ file }) => file.generation))
  }

  /**
   * All files of the table that are not replayed. With a broken log the table is an old one: what it names may have
   * been used again since, which is not the file's fault.
   */
  async check(log: 'whole' | 'broken'): Promise<void> {
    const { files, table } = this.#ground
    for (const file of table.files) {
      const { slot, generation, fileBytes } = file
      if (this.#replayed.has(generation)) continue
      if (log === 'broken' && (files.get(slot)?.header?.generation ?? 0) > generation) continue
      const hints = { row: file, isContinued: () => Promise.resolve(true) }
      const found = await findPlace(this.#ground, { slot, generation, fileBytes }, hints)
      if (found === null) continue
      await reading(this.#ground, slot, (handle) => this.#check(file, found.header, handle))
    }
  }

  async #check(file: JournalFile, header: FileHeader, handle: DiskFile): Promise<void> {
    const { problems } = this.#ground
    const { slot, generation, fileBytes, path } = file
    const footer = await readFooter(handle, header)
    const trailer = footer?.trailer
    const isFitting =
      trailer?.firstTicket === file.firstTicket && trailer.endTicket === file.endTicket
    const place = { slot, generation, fileBytes }
    if (trailer === undefined || !isFitting) {
      const why = trailer === undefined ? 'is damaged' : 'says other tickets than the table'
      const what = `the footer ${why}; the table says tickets ${file.firstTicket} to ${file.endTicket - 1}`
      const remedy = { kind: 'footer', place, row: file, next: null } as const
      problems.push({ file: path, offset: fileBytes, severity: 'damage', what, remedy })
    }
    const end = trailer?.dataEnd ?? file.dataEnd
    for (const gap of await this.#gaps(file, handle, end)) {
      const what = `bodies cannot be read: ${describeGap(gap)}; nothing else is lost`
      const remedy = { kind: 'gap', place, gap } as const
      problems.push({ file: path, offset: gap.from, severity: 'damage', what, remedy })
    }
  }

  async #gaps(file: JournalFile, handle: DiskFile, end: number): Promise<Gap[]> {
    const { format, limits } = this.#ground
    const range: WalkRange = {
      file: handle,
      generation: file.generation,
      from: 2 * format.sectorBytes,
      end,
      seed: seedOf(format.identity),
      windowBytes: limits.recoveryBytes,
    }
    if (file.level > 0) return survivorGapsIn(range, file.firstTicket)
    // Which commit the file begins with is known from its frames only; a gap before the first one is one commit.
    const first = await firstFrame(range)
    const after = { commit: file.lastCommit + 1, index: 0, ticket: file.endTicket }
    let commit = first?.header.commit ?? file.lastCommit
    if (first !== null && first.position > range.from && first.header.index === 0) commit--
    return gapsIn(range, { commit, index: 0, ticket: file.firstTicket }, after)
  }
}
