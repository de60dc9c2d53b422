/** A disk whose scratch files fail now and then, and nothing else on it: what is transient may be lost by that. */
import type { Random } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'

export function failScratch(disk: CrashDisk, random: Random, oneIn: number): void {
  disk.observe({
    issued: ({ kind, path, number }) => {
      if (kind !== 'read' && kind !== 'write') return
      if (!path.includes('scratch-') || below(random, oneIn) > 0) return
      disk.faults.plan({ call: number, code: 'io', lasts: 'once', writtenBytes: 0 })
    },
  })
}
