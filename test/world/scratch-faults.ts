/** A disk whose scratch files fail now and then, and nothing else on it: what is transient may be lost by that. */
import type { Random } from '../../src/base/ports.ts'
import { below } from '../../src/base/random.ts'
import type { CrashDisk } from '../sim/crash-disk.ts'

/** One in so many writes and reads fails, and of the reads half fail again whenever they are tried. */
export function failScratch(disk: CrashDisk, random: Random, oneIn: number): void {
  const lost = new Set<string>()
  disk.observe({
    issued: ({ kind, path, number, position }) => {
      if ((kind !== 'read' && kind !== 'write') || !path.includes('scratch-')) return
      const place = `${path} ${position}`
      if (kind === 'write') lost.delete(place)
      else if (lost.has(place)) return disk.faults.plan(once(number))
      if (below(random, oneIn) > 0) return
      disk.faults.plan(once(number))
      if (kind === 'read' && below(random, 2) === 0) lost.add(place)
    },
  })
}

function once(call: number): Parameters<CrashDisk['faults']['plan']>[0] {
  return { call, code: 'io', lasts: 'once', writtenBytes: 0 }
}
