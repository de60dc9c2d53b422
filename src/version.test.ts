/** One version, said in two places. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as naru from './mod.ts'

test('the version in the code is the version of the package', () => {
  const root = new URL('../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(root, 'utf8')) as { version: string }
  assert.equal(naru.version, version)
})
