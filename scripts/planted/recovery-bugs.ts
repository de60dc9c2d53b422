/** Planted in what the journal makes of a directory: checks left out, ends believed, things not made durable. */
import type { Bug } from './bug.ts'

export const recoveryBugs: readonly Bug[] = [
  {
    what: 'the checksum of a frame is not looked at',
    file: 'src/journal/frame.ts',
    right: 'if (view.getUint32(at, true) !== sum) return 0',
    wrong: 'if (sum < 0) return 0',
    by: ['test/bits/journal-first'],
  },
  {
    what: 'a body that looks like a frame is one',
    file: 'src/journal/checksum.ts',
    right: 'return ((identity.low ^ identity.high) >>> 0) as Seed',
    wrong: 'return (identity.low & 0) as Seed',
    by: ['test/golden', 'src/journal/'],
  },
  {
    what: 'a header of any content is believed',
    file: 'src/journal/file-header.ts',
    right:
      'if (view.getUint32(8, true) !== checksum(from, 12, FILE_HEADER_SIZE)) return null\n  if (view.getUint16(12, true) !== FORMAT_VERSION) return null',
    wrong: '',
    by: ['src/journal/file-header.test', 'test/bits/journal-first'],
  },
  {
    what: 'the footer is believed without its checksum',
    file: 'src/journal/footer.ts',
    right: 'if (view.getUint32(end, true) !== footerChecksum(footer)) return null',
    wrong: '',
    by: ['src/journal/tools/damage', 'test/bits/journal-first'],
  },
  {
    what: 'a commit counts although its last frames are missing',
    file: 'src/journal/scan.ts',
    right: 'if (size === 0) return false\n      if (header.commit',
    wrong: `if (size === 0 && index === 0) return false
      if (size === 0) {
        this.#end = position
        this.#tickets = ticket - expected.ticket
        return true
      }
      if (header.commit`,
    by: ['test/bits/journal-last', 'test/crash/journal-fresh-pairs'],
  },
  {
    what: 'damage in what was durable is cut like a torn tail',
    file: 'src/journal/scan.ts',
    right:
      "if (header.commit > start.commit && start.commit < durableBelow) return { kind: 'interior' }",
    wrong: 'if (durableBelow < 0) continue',
    by: ['test/bits/journal-last'],
  },
  {
    what: 'behind the last commit half of each window is not looked at',
    file: 'src/journal/scan.ts',
    right: 'filled - FRAME_HEADER_SIZE : half - 8',
    wrong: 'filled - FRAME_HEADER_SIZE : half / 2 - 8',
    by: ['src/journal/scan.test'],
  },
  {
    what: 'behind the last commit only one window is looked at',
    file: 'src/journal/scan.ts',
    right: 'if (isLast) break\n',
    wrong: 'if (isLast || base > start.from) break\n',
    by: ['src/journal/scan.test'],
  },
  {
    what: 'behind the last commit the last window is not looked at',
    file: 'src/journal/scan.ts',
    right: 'const left = start.fileBytes - base - windowBytes',
    wrong: 'const left = start.fileBytes - base - windowBytes\n    if (left < half) break',
    by: ['src/journal/scan.test'],
  },
  {
    what: 'a torn tail is not cut',
    file: 'src/journal/recovery.ts',
    right: "if (verdict.kind === 'clean') return\n",
    wrong: "if (verdict.kind !== 'interior') return\n",
    by: ['test/bits/journal-last', 'test/crash/journal-fresh-pairs'],
  },
  {
    what: 'entries that the snapshot holds are applied again',
    file: 'src/journal/recovery.ts',
    right: 'const news = entry.ticket > this.#snapshotTicket',
    wrong: 'const news = entry.ticket >= this.#snapshotTicket',
    by: ['src/journal/journal.test'],
  },
  {
    what: 'the first entry behind the snapshot is forgotten',
    file: 'src/journal/recovery.ts',
    right: 'const news = entry.ticket > this.#snapshotTicket',
    wrong: 'const news = entry.ticket > this.#snapshotTicket + Math.sign(this.#snapshotTicket)',
    by: ['src/journal/journal.test'],
  },
  {
    what: 'the end of the log is invented from a damaged footer',
    file: 'src/journal/recovery.ts',
    right: 'await this.#refuseLaterFile(file, next)',
    wrong: '',
    by: ['test/journal/file-order'],
  },
  {
    what: 'a journal that ends before its snapshot opens',
    file: 'src/journal/recovery.ts',
    right: 'if (this.#snapshotTicket >= next.ticket) {',
    wrong: 'if (next.ticket < 0) {',
    by: ['test/journal/snapshot-and-log'],
  },
  {
    what: 'what a process left unsynced is built on as it is',
    file: 'src/journal/recovery.ts',
    right: 'await this.#keeper.prove({ file, handle, end: next.end }, sealed)',
    wrong: '',
    by: ['test/journal/failed-sync-kill'],
  },
  {
    what: 'on a full disk the end is built on as it is',
    file: 'src/journal/unproven-tail.ts',
    right: 'while (!(await this.#tryCopy(handle, place))) await this.#makeRoom(place)',
    wrong: 'if (!(await this.#tryCopy(handle, place))) return',
    by: ['test/journal/failed-sync-kill', 'test/journal/tail-copy'],
  },
  {
    what: 'a file in use is given up on a full disk',
    file: 'src/journal/unproven-tail.ts',
    right: 'if (await this.#holdsFrames(found, found.header.generation)) continue',
    wrong: '',
    by: ['test/journal/tail-copy'],
  },
  {
    what: 'the end is written anew without a copy of it',
    file: 'src/journal/unproven-tail.ts',
    right: 'await this.#writeCopy(handle, place)',
    wrong: 'await Promise.resolve()',
    by: ['test/journal/tail-copy'],
  },
  {
    what: 'the copy of the end is not put back',
    file: 'src/journal/recovery.ts',
    right: 'await this.#keeper.putBack()',
    wrong: '',
    by: ['test/journal/tail-copy'],
  },
  {
    what: 'the copy of the end is not synced before it is needed',
    file: 'src/journal/unproven-tail.ts',
    right: 'await file.write(header, 0)\n      await file.sync()',
    wrong: 'await file.write(header, 0)',
    by: ['test/journal/tail-copy'],
  },
  {
    what: 'a lost format file makes a new, empty journal',
    file: 'src/journal/directory.ts',
    right: 'await refuseOrphans(context, names)',
    wrong: '',
    by: ['src/journal/journal.test'],
  },
  {
    what: 'every run has the same epoch',
    file: 'src/journal/journal.ts',
    right: 'this.#epoch = 1 + Math.max(',
    wrong: 'this.#epoch = Math.max(1, ',
    by: ['src/journal/journal.test'],
  },
  {
    what: 'a block of a snapshot is believed without its checksum',
    file: 'src/journal/snapshot-reader.ts',
    right:
      'if (view.getUint32(0, true) !== blockChecksum(ticket, index, block.subarray(4))) return null',
    wrong: '',
    by: ['src/journal/tools/damage', 'test/bits/snapshot'],
  },
  {
    what: 'the table of a snapshot is believed without its checksum',
    file: 'src/journal/snapshot-format.ts',
    right: 'if (view.getUint32(8, true) !== crc32c(bytes.subarray(12)) >>> 0) return null',
    wrong: '',
    by: ['src/journal/tools/damage', 'test/bits/snapshot'],
  },
  {
    what: 'the format file is believed without its checksum',
    file: 'src/journal/directory.ts',
    right: 'const sum = view.getUint32(8, true) === checksum(bytes, 12, FORMAT_SIZE)',
    wrong: 'const sum = true',
    by: ['src/journal/tools/damage', 'test/bits/snapshot'],
  },
  {
    what: 'a cleaned file holds no references after a restart',
    file: 'src/journal/journal-entry-apply.ts',
    right: 'file.live = live\n  table.add(file)',
    wrong: 'table.add(file)',
    by: ['src/broker/arrivals.test'],
  },
  {
    what: 'what is retained behind the snapshot is not counted',
    file: 'src/journal/recovery.ts',
    right: 'if (news && (entry.flags & ENTRY_FLAG_FRAGMENT) === 0) file.live++',
    wrong: 'if (news && entry.flags === 0) file.live++',
    by: ['src/journal/journal.test'],
  },
]
