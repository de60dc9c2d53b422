/** The crash disk keeps the contract of the real disk, with and without time, with and without history. */
import { diskContract } from '../contracts/disk-contract.ts'
import { CrashDisk, type CrashDiskOptions } from './crash-disk.ts'
import { SimClock } from './sim-clock.ts'
import { SimScheduler } from './sim-scheduler.ts'

function withoutTime(name: string, options: CrashDiskOptions): void {
  diskContract({
    name,
    run: async (body) => {
      const disk = new CrashDisk(options)
      await disk.makeDirectory('/work')
      await body(disk, '/work')
    },
  })
}

withoutTime('the crash disk', {})
withoutTime('the crash disk without history', { history: 'none' })

diskContract({
  name: 'the crash disk with delays',
  run: async (body) => {
    const clock = new SimClock()
    const scheduler = new SimScheduler({ clock })
    const timing = { clock, scheduler, delayMs: () => 2, bytesPerSecond: 1_000_000 }
    const disk = new CrashDisk({ timing })
    await scheduler.run(async () => {
      await disk.makeDirectory('/work')
      await body(disk, '/work')
    })
  },
})
