/**
 * `npm run proof`: runs the long proofs of proofs.ts and says of each `ok`, `failed` or `not run`
 * and why. What a proof does not say with its exit code, it has not said.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runProof } from './proof-run.ts'
import { proofs } from './proofs.ts'

const USAGE = `usage: npm run proof -- [--list] [NAME...]
  NAME     run only this proof (may be given again)
  --list   print the proofs instead of running them`

const root = join(import.meta.dirname, '..', '..')

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter((name) => !proofs.some((proof) => proof.name === name))
  if (values.help || unknown.length > 0) {
    for (const name of unknown) console.log(`there is no proof '${name}'`)
    console.log(USAGE)
    return values.help ? 0 : 1
  }
  const chosen = proofs.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  if (values.list) {
    for (const proof of chosen) console.log(`${proof.name.padEnd(12)}${proof.about}`)
    return 0
  }
  const lines: string[] = []
  let failedCount = 0
  for (const proof of chosen) {
    console.log(`proof: ${proof.name}: ${proof.about}`)
    const startedMs = performance.now()
    const { verdict, why } = await runProof(proof, root)
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
    const reason = why === '' ? '' : `: ${why}`
    lines.push(`${proof.name.padEnd(12)}${verdict} in ${seconds} s${reason}`)
    if (verdict === 'failed') failedCount += 1
  }
  for (const line of lines) console.log(line)
  return failedCount === 0 ? 0 : 1
}

process.exitCode = await main()
