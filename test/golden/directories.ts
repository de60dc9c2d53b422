/** Carries a journal's directory between the real disk and a simulated one. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DIRECTORY } from '../journal/journal-world.ts'
import { CrashDisk } from '../sim/crash-disk.ts'

/** Without the lock, which is empty and made anew. */
export async function saveDirectory(disk: CrashDisk, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { name } of await disk.list(DIRECTORY)) {
    if (name === 'lock') continue
    const file = await disk.open(disk.join(DIRECTORY, name), 'read')
    const bytes = new Uint8Array(await file.size())
    await file.read(bytes, 0)
    await file.close()
    writeFileSync(join(folder, name), bytes)
  }
}

export async function loadDirectory(folder: string): Promise<CrashDisk> {
  const disk = new CrashDisk()
  await disk.makeDirectory(DIRECTORY)
  for (const name of readdirSync(folder)) {
    const file = await disk.open(disk.join(DIRECTORY, name), 'create')
    await file.write(new Uint8Array(readFileSync(join(folder, name))), 0)
    await file.sync()
    await file.close()
  }
  await disk.syncDirectory(DIRECTORY)
  return disk
}
