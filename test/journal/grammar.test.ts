/** The page about the journal says what the code says: each grammar stands in it word for word. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..', '..', '..')
const page = readFileSync(join(root, 'docs/journal.md'), 'utf8')

/** The first comment of more than one line that is not a doc comment: in these files it is the grammar. */
function grammarOf(source: string): string {
  const block = /^(?:\/\/(?: .*)?\n){2,}/m.exec(source)?.[0]
  assert(block !== undefined, 'a file without a grammar')
  return block.replace(/^\/\/ ?/gm, '')
}

for (const file of [
  'format.ts',
  'footer.ts',
  'snapshot-format.ts',
  'journal-entry.ts',
  'directory.ts',
]) {
  test(`docs/journal.md has the grammar of ${file}`, () => {
    const grammar = grammarOf(readFileSync(join(root, 'src/journal', file), 'utf8'))
    assert.match(grammar, / = .*:u\d+/, 'a grammar has fields')
    assert.ok(page.includes(`\`\`\`text\n${grammar}\`\`\``), grammar)
  })
}
