/**
 * Puts the text of examples into Markdown, so that no snippet is typed twice. A block of TypeScript
 * that follows `<!-- include examples/x.ts -->` is that file; with `#part` behind the name it is what
 * stands between `// #region part` and `// #endregion` there. Pure.
 */

/** Gives a file's text by its path from the root; null where there is none. */
export type ReadFile = (path: string) => string | null

const BLOCK = /(<!-- include ([\w./-]+)(?:#([\w-]+))? -->\n)(?:```ts\n[\s\S]*?```\n)?/g

export interface Included {
  readonly text: string
  readonly faults: readonly string[]
}

/** The Markdown with every included block as it must be, and what could not be included. */
export function includeExamples(markdown: string, readFile: ReadFile): Included {
  const faults: string[] = []
  const text = markdown.replace(BLOCK, (whole, comment: string, path: string, part?: string) => {
    const source = readFile(path)
    if (source === null) {
      faults.push(`includes ${path}, which is missing`)
      return whole
    }
    const snippet = part === undefined ? withoutOpening(source) : regionOf(source, part)
    if (snippet === null) {
      faults.push(`includes ${path}#${part}, which is missing`)
      return whole
    }
    return `${comment}\`\`\`ts\n${snippet.trim()}\n\`\`\`\n`
  })
  return { text, faults }
}

/** Blocks of TypeScript that nothing includes: lines, 1-based. */
export function findTypedSnippets(markdown: string): number[] {
  const lines = markdown.split('\n')
  const isBlock = (line: string) => /^```(ts|typescript|js|javascript)\b/.test(line)
  return lines.flatMap((line, index) => {
    const included = /^<!-- include .+ -->$/.test(lines[index - 1] ?? '')
    return isBlock(line) && !included ? [index + 1] : []
  })
}

function withoutOpening(source: string): string {
  return source.replace(/^\/\*\*[\s\S]*?\*\/\n/, '').replace(/^ *\/\/ #(end)?region.*\n/gm, '')
}

function regionOf(source: string, part: string): string | null {
  const lines = source.split('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${part}`)
  if (start === -1) return null
  const length = lines.slice(start + 1).findIndex((line) => line.trim() === '// #endregion')
  if (length === -1) return null
  const region = lines.slice(start + 1, start + 1 + length)
  const indents = region.filter((line) => line !== '').map((line) => line.search(/\S/))
  return region.map((line) => line.slice(Math.min(...indents))).join('\n')
}
