/** Scratch files of an earlier run: they go before anything else is done. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from '../../test/sim/crash-disk.ts'
import { expectMark } from '../base/mark.ts'
import { eraseScratch } from './scratch-names.ts'

async function diskWith(...names: readonly string[]): Promise<CrashDisk> {
  const disk = new CrashDisk()
  await disk.makeDirectory('data')
  for (const name of names) await (await disk.open(`data/${name}`, 'create')).close()
  return disk
}

async function namesOn(disk: CrashDisk): Promise<readonly string[]> {
  return (await disk.list('data')).map(({ name }) => name).sort()
}

function hearing(): { readonly said: string[]; readonly log: Parameters<typeof eraseScratch>[2] } {
  const said: string[] = []
  const say = (text: string): void => {
    said.push(text)
  }
  return { said, log: { info: say, warn: say, error: say } }
}

test('what a killed run left is removed, and nothing else', () =>
  expectMark('scratch/leftovers-erased', async () => {
    const disk = await diskWith(
      'scratch-00000',
      'scratch-00012',
      'journal-00000',
      'scratch-of-mine',
    )
    const { log, said } = hearing()
    await eraseScratch(disk, 'data', log)
    assert.deepEqual(await namesOn(disk), ['journal-00000', 'lock', 'scratch-of-mine'])
    assert.deepEqual(said, [])
  }))

test('a directory that is missing, or has no scratch files, is left as it is', async () => {
  const { log, said } = hearing()
  await eraseScratch(new CrashDisk(), 'data', log)
  const disk = await diskWith('journal-00000')
  await eraseScratch(disk, 'data', log)
  assert.deepEqual(await namesOn(disk), ['journal-00000'])
  assert.deepEqual(said, [])
})

test('the scratch files of a broker that runs are not touched', async () => {
  const disk = await diskWith('scratch-00000')
  const lock = await disk.lock('data/lock')
  const { log, said } = hearing()
  await eraseScratch(disk, 'data', log)
  assert((await namesOn(disk)).includes('scratch-00000'))
  assert.deepEqual(said, [])
  await lock.release()
})

test('what cannot be removed is warned of, and keeps nobody from starting', async () => {
  const disk = await diskWith('scratch-00000')
  const { log, said } = hearing()
  // Listed, locked, removed.
  const call = disk.callCount + 3
  disk.faults.plan({ call, code: 'io', lasts: 'once', writtenBytes: 0 })
  await eraseScratch(disk, 'data', log)
  assert.equal(disk.faults.met, 1)
  assert.equal(said.length, 1)
  const lock = await disk.lock('data/lock')
  await lock.release()
})
