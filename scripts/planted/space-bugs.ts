/** Bugs of a journal on a disk that is full, or does not answer: who may use what is left, and what comes free. */
import type { Bug } from './bug.ts'

export const spaceBugs: readonly Bug[] = [
  {
    what: 'no space is kept for the next snapshot on a full disk',
    file: 'src/journal/snapshot-space.ts',
    right: 'return this.#misfit() !== undefined',
    wrong: "return this.#misfit() === ''",
    by: ['test/faults/full-disk'],
  },
  {
    what: 'the space of the next snapshot is that of the last one',
    file: 'src/journal/snapshot-space.ts',
    right: 'this.#newest.bytes + news * snapshotReferenceBytes',
    wrong: 'this.#newest.bytes + 0 * news * snapshotReferenceBytes',
    by: ['src/broker/full-disk', 'test/faults/full-disk'],
  },
  {
    what: 'the space of a snapshot stays as large as it ever was',
    file: 'src/journal/snapshot-space.ts',
    right: 'bytes > this.#mostBytes',
    wrong: 'bytes < 0',
    by: ['src/journal/snapshot-space.test'],
  },
  {
    what: 'publishers use up the file that is kept for acknowledgements',
    file: 'src/journal/writer.ts',
    right: 'if (spares.atReserve && isPublishers(purpose))',
    wrong: 'if (spares.atReserve && !isPublishers(purpose))',
    by: ['test/faults/full-disk'],
  },
  {
    what: 'a file that the disk does not give is chosen for cleaning again and again',
    file: 'src/journal/cleaner.ts',
    right: 'source.unread = true',
    wrong: '',
    by: ['test/journal/cleaning'],
  },
  {
    what: 'a snapshot is due that would be the same as the newest',
    file: 'src/journal/journal.ts',
    right: 'if (this.#tail.nextTicket - 1 === this.#snapshots.newestTicket) return false',
    wrong: '',
    by: ['test/journal/commits'],
  },
  {
    what: 'no blank file is given up for the space of a snapshot',
    file: 'src/journal/spare-files.ts',
    right: 'if (blank === undefined) throw error',
    wrong: 'if (isEnough || blank === undefined) throw error',
    by: ['test/faults/full-disk'],
  },
  {
    what: 'the space of a snapshot is filled while the snapshot is written to it',
    file: 'src/journal/snapshot-space.ts',
    right: 'while (this.#filling !== null) await this.#filling',
    wrong: '',
    by: ['src/journal/snapshot-space.test'],
  },
]
