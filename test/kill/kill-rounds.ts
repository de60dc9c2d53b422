/**
 * Kills a process that appends, again and again on one directory, and after each kill opens the journal
 * itself and compares all of it with what the process had said. Only what came through the pipe counts.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { below, pick, SeededRandom } from '../../src/base/random.ts'
import { openJournal } from '../../src/journal/journal.ts'
import { checkedLimits } from '../../src/journal/limits.ts'
import { verifyJournal } from '../../src/journal/tools/verify.ts'
import { nodeWorld } from '../../src/node/world.ts'
import { LedgerOwner } from '../journal/ledger-owner.ts'
import { KillLedger } from './kill-ledger.ts'
import { type KillScale, killBody, killScales } from './kill-limits.ts'

export type KillOptions = {
  readonly directory: string
  readonly scale: KillScale
  readonly seed: number
  readonly rounds: number
  readonly told: (line: string) => void
}

/** When a process dies. `opening`: while it opens the journal; `stopped`: after a while of standing still. */
type Moment = 'running' | 'opening' | 'stopped'

export type KillReport = {
  readonly rounds: number
  readonly acknowledged: number
  /** Appended, not acknowledged, and there all the same. */
  readonly beyond: number
}

const child = fileURLToPath(new URL('./kill-child.js', import.meta.url))
const RUN_MS_MAX = 700 // long enough for several files, snapshots and cleanings
const OPEN_MS_MAX = 40 // recovery of these journals takes about as long
const STOP_MS = 100

export async function runKillRounds(options: KillOptions): Promise<KillReport> {
  const random = new SeededRandom(options.seed)
  const ledger = new KillLedger()
  let beyond = 0
  let acknowledged = 0
  for (let round = 1; round <= options.rounds; round++) {
    // The first of them has to leave something to open.
    const moments: readonly Moment[] = ['running', 'running', 'running', 'opening', 'stopped']
    const moment = round === 1 ? 'running' : pick(random, moments)
    const waitMs = below(random, moment === 'opening' ? OPEN_MS_MAX : RUN_MS_MAX)
    const before = ledger.acknowledged
    await runAndKill(options, { moment, waitMs, round }, ledger)
    const end = await check(options, ledger)
    acknowledged += ledger.countAcknowledged(before)
    beyond += Math.max(0, end - ledger.acknowledged)
    ledger.endAt(end)
    ledger.acknowledged = end
    options.told(`round ${round}: ${moment}, killed after ${waitMs} ms, the journal ends at ${end}`)
  }
  return { rounds: options.rounds, acknowledged, beyond }
}

async function runAndKill(
  options: KillOptions,
  kill: { readonly moment: Moment; readonly waitMs: number; readonly round: number },
  ledger: KillLedger,
): Promise<void> {
  const args = [child, options.directory, options.scale, String(options.seed * 1000 + kill.round)]
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = linesOf(running, ledger)
  await lines.until(kill.moment === 'opening' ? 'open' : 'ready')
  await after(kill.waitMs)
  if (kill.moment === 'stopped') {
    running.kill('SIGSTOP')
    await after(STOP_MS)
    running.kill('SIGCONT')
    await after(STOP_MS)
  }
  running.kill('SIGKILL')
  const { code, signal } = await lines.ended
  assert.deepEqual([code, signal], [null, 'SIGKILL'], 'the process ended by itself')
}

type Lines = {
  /** Resolves when a line begins with the word, or the process ended. */
  until(word: string): Promise<void>
  readonly ended: Promise<{ code: number | null; signal: string | null }>
}

/** Feeds the ledger. The last line may be cut by the kill: it was not said. */
function linesOf(running: ChildProcess, ledger: KillLedger): Lines {
  let rest = ''
  const seen = new Set<string>()
  let wake = (): void => undefined
  running.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      seen.add(line.split(' ')[0] ?? '')
      ledger.take(line)
    }
    wake()
  })
  let isOver = false
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    // `close`, not `exit`: by then the pipe has been read to its end.
    running.once('close', (code, signal) => {
      isOver = true
      wake()
      resolve({ code, signal })
    })
  })
  const until = async (word: string): Promise<void> => {
    while (!isOver && !seen.has(word)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { until, ended }
}

function after(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs)
  })
}

/** Opens what was left, compares all of it with the ledger, and answers the last ticket. */
async function check(options: KillOptions, ledger: KillLedger): Promise<number> {
  const { directory, scale } = options
  const { limits, bodyBytesMax } = killScales[scale]
  const { disk, scheduler, random } = nodeWorld()
  try {
    const context = { disk, path: directory, limits: checkedLimits(limits) }
    const findings = await verifyJournal({ ...context, progress: () => undefined })
    const damage = findings.filter(({ severity }) => severity === 'damage')
    assert.deepEqual(damage, [], 'a killed process leaves no damage')
    const owners: LedgerOwner[] = []
    const events = { settled: () => undefined, stopped: () => undefined }
    const ports = { disk, scheduler, random, directory, limits, events }
    const journal = await openJournal({ ...ports, durability: 'fsync' }, (store) => {
      owners.push(new LedgerOwner(store))
      return owners[0]!
    })
    try {
      const end = journal.log.nextTicket - 1
      assert(end >= ledger.acknowledged, `acknowledged ${ledger.acknowledged}, ends at ${end}`)
      const found = [...owners[0]!.held.values()]
      assert.deepEqual(found, ledger.living(end), 'all that was said, in order, and nothing else')
      for (const { ticket, log, number } of found) {
        const body = await journal.store.read(ticket)
        assert.deepEqual(body, killBody(log, number, bodyBytesMax), `body of ticket ${ticket}`)
      }
      return end
    } finally {
      await journal.close()
    }
  } finally {
    await disk.close()
  }
}
