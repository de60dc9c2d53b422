/** What the parts of a survey share: the directory, what was found so far, and where findings go. */
import type { Disk, DiskFile } from '../../base/ports.ts'
import type { FileTable } from '../file-table.ts'
import type { JournalLimits } from '../limits.ts'
import { slotName } from '../spare-files.ts'
import type { Format, LyingFile } from './found-files.ts'
import type { Problem } from './problem.ts'

export type SurveyContext = {
  readonly disk: Disk
  readonly path: string
  readonly limits: JournalLimits
  /** Told of each file before it is read, with how many bytes of all files are behind. */
  readonly progress: (name: string, doneBytes: number, totalBytes: number) => void
}

/** What the parts of a survey share. */
export type SurveyGround = SurveyContext & {
  readonly format: Format
  readonly files: ReadonlyMap<number, LyingFile>
  readonly table: FileTable
  readonly problems: Problem[]
  /** Everything up to here is in a snapshot: only its bodies are still needed. */
  readonly covered: number
  reading(name: string, bytes: number): void
}

/** Opens a journal file for reading, tells of it, and closes it. */
export async function reading<T>(
  ground: SurveyGround,
  slot: number,
  read: (file: DiskFile) => Promise<T>,
): Promise<T> {
  const { disk, path, files } = ground
  ground.reading(slotName(slot), files.get(slot)?.size ?? 0)
  const file = await disk.open(disk.join(path, slotName(slot)), 'read')
  try {
    return await read(file)
  } finally {
    await file.close()
  }
}
