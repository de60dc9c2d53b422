/** Every bit of a journal that was closed in order: a mark proves its last commit, so no flip may take it away. */
import { flipTest } from './flip-share.ts'
import { journalSubject } from './subject.ts'

await flipTest('no bit of a journal that was closed takes any commit away', {
  subject: () => journalSubject(2, 'marked'),
  files: ({ files }) => files.slice(1),
  bitsMin: 4096 * 8,
  comesTo: ['refused', 'cut', 'harmless'],
})
