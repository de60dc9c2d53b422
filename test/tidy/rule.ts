/** What a rule of the house is: a pure function over the text of the sources. */
import { type Comment, mask } from './mask.ts'

/** A source, masked once for all rules. */
export interface Page {
  readonly path: string
  readonly text: string
  readonly code: string
  readonly comments: readonly Comment[]
}

export interface Finding {
  readonly path: string
  readonly line: number
  readonly message: string
}

export function toPage(path: string, text: string): Page {
  return { path, text, ...mask(text) }
}

/** Code of the product: in src/ and no test. */
export function isProduct(path: string): boolean {
  return path.startsWith('src/') && !isTest(path)
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.endsWith('.bench.ts') || path.includes('/fixtures/')
}

/** `path:line message`, as an editor jumps to. */
export function describeFinding(finding: Finding): string {
  return `${finding.path}:${finding.line} ${finding.message}`
}
