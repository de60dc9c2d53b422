/** Who may import whom, on planted sources. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkAmbient } from './ambient.ts'
import { importsOf } from './imports.ts'
import { checkLayers } from './layers.ts'
import { toPage } from './rule.ts'

function layers(path: string, text: string): string[] {
  return checkLayers([toPage(path, text)]).map((finding) => finding.message)
}

function ambient(path: string, text: string): string[] {
  return checkAmbient([toPage(path, text)]).map((finding) => finding.message)
}

test('imports are read in all their forms, and only where they are code', () => {
  const text = `
    import a, { b, type c as d } from './one.ts'
    import type { e } from '../two.ts'
    import * as f from 'three'
    import './four.ts'
    export { g } from './five.ts'
    export const h = 1
    const i = await import('./six.ts')
    type J = import('./seven.ts').J
    // import k from './eight.ts'
    const l = "import m from './nine.ts'"
    export type { n } from './ten.ts'`
  const found = importsOf(toPage('src/base/x.ts', text))
  const shown = found.map((each) => `${each.path ?? each.specifier} ${each.names.join(' ')}`)
  assert.deepEqual(
    new Set(shown),
    new Set([
      'src/base/five.ts g',
      'src/base/four.ts ',
      'src/base/one.ts default b c',
      'src/base/seven.ts *',
      'src/base/six.ts *',
      'src/base/ten.ts n',
      'src/two.ts e',
      'three *',
    ]),
  )
  assert.equal(found.find((each) => each.path === 'src/two.ts')?.line, 3)
})

describe('a layer imports what lies below it and nothing else', () => {
  const forbidden: readonly (readonly [path: string, specifier: string])[] = [
    ['src/base/x.ts', 'node:util'],
    ['src/base/x.ts', '../node/clock.ts'],
    ['src/wire/amqp/x.ts', 'node:buffer'],
    ['src/wire/amqp/x.ts', '../../machine/y.ts'],
    ['src/wire/amqp/x.ts', '../kafka/y.ts'],
    ['src/machine/x.ts', '@node-rs/crc32'],
    ['src/machine/x.ts', '../journal/y.ts'],
    ['src/machine/x.ts', '../wire/amqp/y.ts'],
    ['src/journal/x.ts', '../machine/y.ts'],
    ['src/journal/x.ts', '../node/disk.ts'],
    ['src/journal/x.ts', 'node:fs'],
    ['src/channels/x.ts', 'node:events'],
    ['src/channels/x.ts', './threads/y.ts'],
    ['src/channels/x.ts', '../node/clock.ts'],
    ['src/channels/threads/x.ts', '../processes/y.ts'],
    ['src/channels/threads/x.ts', 'piscina'],
    ['src/pool/x.ts', '../broker/y.ts'],
    ['src/broker/x.ts', '../gateway/amqp/y.ts'],
    ['src/broker/x.ts', '../node/disk.ts'],
    ['src/gateway/amqp/x.ts', '../kafka/y.ts'],
    ['src/gateway/amqp/x.ts', '../../journal/y.ts'],
    ['src/gateway/amqp/x.ts', '../../client/y.ts'],
    ['src/client/x.ts', '../gateway/naru/y.ts'],
    ['src/client/x.ts', '../api/queue.ts'],
    ['src/client/x.ts', 'node:net'],
    ['src/mod.ts', './cli/main.ts'],
    ['src/base/x.ts', '../../test/sim/clock.ts'],
    ['src/base/x.ts', './y.test.ts'],
  ]
  for (const [path, specifier] of forbidden) {
    test(`${path} must not import ${specifier}`, () => {
      assert.equal(layers(path, `import { a } from '${specifier}'`).length, 1)
      assert.equal(layers(path, `import type { A } from '${specifier}'`).length, 1)
    })
  }
  const allowed: readonly (readonly [path: string, specifier: string])[] = [
    ['src/base/x.ts', './y.ts'],
    ['src/node/x.ts', 'node:fs/promises'],
    ['src/wire/amqp/x.ts', '../../base/y.ts'],
    ['src/wire/amqp/x.ts', '@node-rs/crc32'],
    ['src/journal/x.ts', '@node-rs/crc32'],
    ['src/channels/threads/x.ts', 'node:worker_threads'],
    ['src/channels/threads/x.ts', '../contract.ts'],
    ['src/pool/x.ts', 'piscina'],
    ['src/channels/mod.ts', '../node/clock.ts'],
    ['src/channels/mod.ts', './threads/y.ts'],
    ['src/broker/x.ts', '../journal/y.ts'],
    ['src/gateway/amqp/x.ts', './y.ts'],
    ['src/gateway/amqp/x.ts', '../session.ts'],
    ['src/gateway/amqp/x.ts', '../../wire/amqp/y.ts'],
    ['src/client/x.ts', '../channels/contract.ts'],
    ['src/client/mod.ts', '../node/clock.ts'],
    ['src/cli/x.ts', 'commander'],
    ['src/cli/x.ts', '../gateway/line/y.ts'],
    ['src/mod.ts', './broker/y.ts'],
    ['src/base/x.test.ts', '../../test/sim/clock.ts'],
    ['src/base/x.test.ts', 'node:test'],
  ]
  for (const [path, specifier] of allowed) {
    test(`${path} may import ${specifier}`, () => {
      assert.deepEqual(layers(path, `import { a } from '${specifier}'`), [])
    })
  }
})

test('a folder that no layer claims is a finding', () => {
  assert.match(layers('src/misplaced/x.ts', '')[0] ?? '', /no layer claims/)
})

describe('an ambient power is found outside the edges, and in code only', () => {
  const reaches: readonly string[] = [
    'Date.now()',
    'new Date()',
    'performance.now()',
    'Math.random()',
    'crypto.getRandomValues(x)',
    'randomBytes(4)',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'setImmediate(f)',
    'queueMicrotask(f)',
    'AbortSignal.timeout(5)',
    'process.exit(1)',
    'globalThis.process',
    "console.log('x')",
    "fetch('x')",
    "import { readFile } from 'node:fs/promises'",
    "import { createServer } from 'node:net'",
    "import { setTimeout as sleep } from 'node:timers/promises'",
  ]
  for (const text of reaches) {
    test(text, () => {
      assert.notDeepEqual(ambient('src/gateway/amqp/x.ts', text), [])
      assert.deepEqual(ambient('src/gateway/amqp/x.test.ts', text), [])
      assert.deepEqual(ambient('bench/x.ts', text), [])
      if (text.startsWith('import')) return
      assert.deepEqual(ambient('src/gateway/amqp/x.ts', `// ${text}\n/* ${text} */`), [])
      assert.deepEqual(ambient('src/gateway/amqp/x.ts', `const s = "${text}"`), [])
      assert.equal(ambient('src/gateway/amqp/x.ts', `const s = \`a \${${text}} b\``).length, 1)
    })
  }
})

test('what only looks like an ambient power is none', () => {
  const text = `
    new Date(ms); clock.setTimeout(f); this.#process.kill(); child.process.on(); jobs.process(f)
    const pattern = /Date.now\\(\\)'/; const half = a / b; scheduler.after(1, f); prefetch(x)`
  assert.deepEqual(ambient('src/broker/x.ts', text), [])
})

test('each edge has its own powers and no other', () => {
  assert.deepEqual(ambient('src/node/clock.ts', 'Date.now(); setTimeout(f, 1)'), [])
  assert.deepEqual(ambient('src/cli/main.ts', 'process.exit(1); console.log(1)'), [])
  assert.equal(ambient('src/cli/main.ts', 'setTimeout(f, 1)').length, 1)
  assert.equal(ambient('src/node/clock.ts', 'console.log(1)').length, 1)
  assert.equal(ambient('src/channels/threads/x.ts', 'Math.random()').length, 1)
  assert.equal(ambient('src/channels/processes/x.ts', 'setTimeout(f, 1)').length, 1)
})
