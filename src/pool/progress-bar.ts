/**
 * Shows how far a map has come: a bar that redraws itself on a terminal, a line now and then elsewhere. It
 * writes to what it is given, when it is told something; it starts no timer.
 */
import type { Clock } from '../base/ports.ts'
import { NodeClock } from '../node/clock.ts'
import type { Progress } from './contract.ts'

/** What it writes to: `process.stderr`, say. */
export interface ProgressOutput {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface ProgressBarOptions {
  readonly output: ProgressOutput
  /** Default: the system's. */
  readonly clock?: Clock
  /** Stands before the bar. */
  readonly title?: string
}

export interface ProgressBar {
  /** Give it to `onProgress`: it is bound. */
  readonly update: (progress: Progress) => void
  /** Draws the last state and ends the line. Idempotent. */
  readonly close: () => void
}

/** More often would flicker, and cost more than it tells. */
const drawEveryMs = 100
/** A log is read later: it needs to show that things move, not how. */
const logEveryMs = 5_000
const columnsDefault = 80
const barWidthMax = 40
const barWidthMin = 5

export function progressBar(options: ProgressBarOptions): ProgressBar {
  const { output, clock = new NodeClock(), title = '' } = options
  const startMs = clock.monotonicMs()
  const everyMs = output.isTTY === true ? drawEveryMs : logEveryMs
  let drawnMs = Number.NEGATIVE_INFINITY
  let last: Progress | null = null
  let phase: 'open' | 'closed' = 'open'

  const draw = (): void => {
    if (last === null) return
    const line = lineFor(last, {
      title,
      elapsedMs: clock.monotonicMs() - startMs,
      columns: output.columns ?? columnsDefault,
    })
    // Carriage return and erase to the end of the line: a shorter line leaves nothing of a longer one.
    output.write(output.isTTY === true ? `\r\u001b[K${line}` : `${line}\n`)
    drawnMs = clock.monotonicMs()
    last = null
  }
  return {
    update: (progress) => {
      if (phase === 'closed') return
      last = progress
      if (clock.monotonicMs() - drawnMs >= everyMs) draw()
    },
    close: () => {
      if (phase === 'closed') return
      phase = 'closed'
      const drewAny = drawnMs !== Number.NEGATIVE_INFINITY || last !== null
      draw()
      if (output.isTTY === true && drewAny) output.write('\n')
    },
  }
}

interface LineTerms {
  readonly title: string
  readonly elapsedMs: number
  readonly columns: number
}

function lineFor(progress: Progress, terms: LineTerms): string {
  const { done, failed, total } = progress
  const parts = [terms.title, total === null ? `${done}` : `${done}/${total}`]
  if (failed > 0) parts.push(`${failed} failed`)
  if (terms.elapsedMs > 0) parts.push(`${rateText((done / terms.elapsedMs) * 1000)}/s`)
  if (total === null || total === 0) return clip(join(parts), terms.columns)
  const share = Math.min(1, done / total)
  parts.push(`${Math.floor(share * 100)}%`)
  if (done > 0 && done < total)
    parts.push(`${leftText((terms.elapsedMs / done) * (total - done))} left`)
  const text = join(parts)
  const width = Math.min(barWidthMax, terms.columns - text.length - 4)
  if (width < barWidthMin) return clip(text, terms.columns)
  const full = Math.round(share * width)
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${text}`
}

function join(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}

/** One column stays free: many terminals begin a new line when the last is filled. */
function clip(text: string, columns: number): string {
  return text.slice(0, Math.max(0, columns - 1))
}

function rateText(perSecond: number): string {
  return perSecond >= 100 ? String(Math.round(perSecond)) : perSecond.toPrecision(2)
}

function leftText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
