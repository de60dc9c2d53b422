/** Every single bit of a journal of 8 KiB: those of its first file, which is sealed. */
import { flipTest } from './flip-share.ts'
import { journalSubject } from './subject.ts'

await flipTest('no bit of a sealed file takes a commit away unsaid', {
  subject: () => journalSubject(2, 'unmarked'),
  files: ({ files }) => files.slice(0, 1),
  bitsMin: 4096 * 8,
  comesTo: ['refused', 'harmless'],
})
