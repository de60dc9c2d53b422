/** Every single bit of a journal of 8 KiB: those of its last file, in which the last commit may be torn. */
import { flipTest } from './flip-share.ts'
import { journalSubject } from './subject.ts'

await flipTest('no bit of the last file takes a commit away but the last one, and that is said', {
  subject: () => journalSubject(2, 'unmarked'),
  files: ({ files }) => files.slice(1),
  bitsMin: 4096 * 8,
  comesTo: ['refused', 'cut', 'harmless'],
})
