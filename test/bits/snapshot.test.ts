/** Every single bit of a snapshot of 8 KiB, of the older one and of the format file. */
import { flipTest } from './flip-share.ts'
import { snapshotSubject } from './subject.ts'

await flipTest('no bit of a snapshot or of the format file changes what is found', {
  subject: () => snapshotSubject(8192),
  files: ({ snapshots }) => ['format', ...snapshots],
  bitsMin: 8192 * 8,
  comesTo: ['refused', 'passedOver'],
})
