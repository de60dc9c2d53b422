/** Sizes, names and banned words, on planted sources. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findFunctions } from './functions.ts'
import { mask } from './mask.ts'
import { type Finding, type Page, toPage } from './rule.ts'
import * as shape from './shape.ts'

function messages(
  check: (pages: readonly Page[]) => Finding[],
  text: string,
  path = 'src/base/x.ts',
): string[] {
  return check([toPage(path, text)]).map((finding) => `${finding.line}: ${finding.message}`)
}

test('masking keeps every line and column of the code and blanks the rest', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template inside a string is the case
  const text = "a('b\\'c') // d\n/* e\n f */ g(`h ${i + `j${k}`} l`, /m[/]n/g, 1 / 2)\n"
  const { code, comments } = mask(text)
  const gap = (count: number) => ' '.repeat(count)
  const first = `a('${gap(4)}') ${gap(4)}\n${gap(4)}\n${gap(5)} g(`
  const template = `${gap(4)}{i + ${gap(3)}{k}${gap(1)}}${gap(3)}`
  assert.equal(code, `${first}${template}, ${gap(8)}, 1 / 2)\n`)
  assert.equal(code.length, text.length)
  assert.deepEqual(
    comments.map((comment) => comment.text),
    ['// d', '/* e\n f */'],
  )
})

test('a file of 401 lines is too long, one of 400 is not', () => {
  assert.equal(messages(shape.checkFileSize, 'x\n'.repeat(401)).length, 1)
  assert.equal(messages(shape.checkFileSize, 'x\n'.repeat(400)).length, 0)
  assert.equal(messages(shape.checkFileSize, 'x\n'.repeat(401), 'src/x.generated.ts').length, 0)
})

describe('a function of 71 lines is too long in every form, one of 70 is not', () => {
  const heads: readonly string[] = [
    'function f(a: string): void {',
    'export async function* f<T extends { a: 1 }>(a: T): AsyncGenerator<{ b: T }> {',
    'const f = (a: number): { b: number } => {',
    'const f = async ({ a }: Options) => {',
    'class A {\n  #f(a: (x: number) => void): () => void {',
    'class A {\n  get f(): string | null {',
    'class A {\n  async [Symbol.asyncDispose](): Promise<void> {',
    'class A {\n  constructor(a: Map<string, () => void>) {',
    'const o = {\n  f(a): asserts a is string {',
    'list.forEach((a) => {',
  ]
  for (const head of heads) {
    test(head, () => {
      const text = (count: number) => `${head}${'\n  x()'.repeat(count - 2)}\n}`
      assert.equal(messages(shape.checkFunctionSize, text(71)).length, 1)
      assert.equal(messages(shape.checkFunctionSize, text(70)).length, 0)
    })
  }
})

test('a block that is no function may be long, and so may a group of tests', () => {
  const body = '\n  x()'.repeat(80)
  for (const head of ['if (a) {', 'for (const a of b) {', 'switch (a) {', 'const a = {', '{']) {
    assert.equal(messages(shape.checkFunctionSize, `${head}${body}\n}`).length, 0, head)
  }
  const group = `describe('x', () => {\n  test('y', () => {\n  })${body}\n})`
  assert.equal(messages(shape.checkFunctionSize, group, 'src/base/x.test.ts').length, 0)
  assert.equal(messages(shape.checkFunctionSize, group, 'src/base/x.ts').length, 1)
})

test('a ternary and a call in a condition are no functions', () => {
  const text = "const a = f(x) ? g(y) : { b: 1 }\nif (f(x)) {\n}\ncase 'a': {\n}"
  assert.deepEqual(findFunctions(mask(text)), [])
})

test('a comment past column 120 is too wide, a string is not', () => {
  assert.equal(messages(shape.checkCommentWidth, `// ${'x'.repeat(118)}`).length, 1)
  assert.equal(messages(shape.checkCommentWidth, `// ${'x'.repeat(117)}`).length, 0)
  assert.equal(messages(shape.checkCommentWidth, `const a = '${'x'.repeat(150)}'`).length, 0)
})

test('a name that says nothing is banned wherever it stands', () => {
  const bad = ['src/base/utils.ts', 'src/common/x.ts', 'src/base/index.ts', 'test/queue-manager.ts']
  assert.equal(shape.checkFileNames(bad).length, bad.length)
  assert.deepEqual(shape.checkFileNames(['src/base/metadata.ts', 'src/broker/dispatch.ts']), [])
})

describe('what is banned is found in code and not in text', () => {
  const bad: readonly string[] = [
    'const a: any = 1',
    'const a = b as any',
    'const a: Map<string, any> = b',
    'export default class A {}',
    "export * from './y.ts'",
    'enum A { B }',
    'namespace A {}',
    '// TODO: later',
    '/* FIXME */',
  ]
  for (const text of bad) {
    test(text, () => {
      assert.equal(messages(shape.checkBanned, text).length, 1)
      assert.equal(
        messages(shape.checkBanned, `const text = '${text.replaceAll("'", '')}'`).length,
        0,
      )
    })
  }
  test('words that contain a banned word are not banned', () => {
    assert.deepEqual(messages(shape.checkBanned, 'const anyone: Many = company.any(x)'), [])
  })
})

test('a boolean parameter of a function or a method is found', () => {
  const bad = [
    'export function f(a: string, sync: boolean): void {\n}',
    'class A {\n  f(sync = false) {\n  }\n}',
    'class A {\n  constructor(readonly: string, sync?: boolean) {\n  }\n}',
  ]
  for (const text of bad) {
    assert.match(messages(shape.checkBooleanParameters, text)[0] ?? '', /boolean 'sync'/)
  }
  const good = [
    "export function f(sync: 'sync' | 'no-sync'): boolean {\n}",
    'export function f({ sync }: { readonly sync: boolean }): void {\n}',
    'const f = (yes: boolean): void => {\n}',
    'export function f(of: (item: string) => boolean): void {\n}',
  ]
  for (const text of good) assert.deepEqual(messages(shape.checkBooleanParameters, text), [])
})
