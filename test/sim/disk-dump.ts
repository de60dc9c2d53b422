/** A disk as plain text, for tests that compare disks byte by byte: it walks the port like anybody else. */
import type { Disk } from '../../src/base/ports.ts'

/** One line per file and directory, sorted: the path, and the bytes as Latin-1 for files. */
export async function dumpDisk(disk: Disk): Promise<string> {
  const lines: string[] = []
  const walk = async (directory: string): Promise<void> => {
    for (const { name, kind } of await disk.list(directory)) {
      const path = disk.join(directory, name)
      if (kind === 'directory') {
        lines.push(`${path}/`)
        await walk(path)
      } else {
        lines.push(`${path} ${await readText(disk, path)}`)
      }
    }
  }
  await walk('/')
  return lines.toSorted((left, right) => (left < right ? -1 : 1)).join('\n')
}

export async function readText(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read')
  const bytes = new Uint8Array(await file.size())
  await file.read(bytes, 0)
  await file.close()
  return Buffer.from(bytes).toString('latin1')
}

export function textBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** Writes a whole file; durable only as far as `sync` says, and its name not at all. */
export async function writeText(
  disk: Disk,
  path: string,
  text: string,
  sync: 'sync' | 'no-sync' = 'sync',
): Promise<void> {
  const file = await disk.open(path, 'create')
  await file.commit([textBytes(text)], 0, sync)
  await file.close()
}
