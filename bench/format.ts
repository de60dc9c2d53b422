/** Numbers as people read them: three digits, a unit, no false precision. Pure. */
import { assert } from '../src/base/assert.ts'
import { METRICS, type MetricName } from './metrics.ts'
import type { Spread } from './statistics.ts'

const KIBIBYTE = 1024

/** 1234567 is `1.23 M`, 45600 is `45.6 k`, 12 is `12`. */
export function formatCount(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 10_000) return String(value)
  if (Math.abs(value) >= 999_500) return `${threeDigits(value / 1e6)} M`
  if (Math.abs(value) >= 9_995) return `${threeDigits(value / 1e3)} k`
  return threeDigits(value)
}

/** 65536 is `64 KiB`, 100 is `100 B`. */
export function formatBytes(value: number): string {
  for (const [unit, size] of [
    ['GiB', KIBIBYTE ** 3],
    ['MiB', KIBIBYTE ** 2],
    ['KiB', KIBIBYTE],
  ] as const) {
    if (value >= size) return `${trimZeros(threeDigits(value / size))} ${unit}`
  }
  return `${value} B`
}

export function formatMs(value: number): string {
  return threeDigits(value)
}

/** 0.031 is `3.1%`. */
export function formatShare(value: number): string {
  return `${(value * 100).toFixed(1)}%`
}

export function formatRatio(value: number): string {
  return `${value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2)}x`
}

/** `1.23 M (1.20 M–1.26 M)`; the extremes are left out where there was one round. */
export function formatSpread(spread: Spread, format: (value: number) => string): string {
  const { median, min, max } = spread
  return min === max ? format(median) : `${format(median)} (${format(min)}–${format(max)})`
}

/** Heading of a figure. */
export function labelOf(key: string): string {
  return key.startsWith('own:') ? key.slice(4) : METRICS[metricOf(key)].label
}

/** A figure's value in the unit that its heading names. */
export function formatFigure(key: string, value: number): string {
  if (key.startsWith('own:')) return formatCount(value)
  switch (metricOf(key)) {
    case 'perSecond':
    case 'megabytesPerSecond':
      return formatCount(value)
    case 'peakRssBytes':
      return formatBytes(value)
    case 'cpuShare':
    case 'loadCoreShare':
      return formatShare(value)
    default:
      return threeDigits(value)
  }
}

function metricOf(key: string): MetricName {
  assert(key in METRICS, `no figure is called '${key}'`)
  return key as MetricName
}

/** Three digits that mean something; never an exponent. */
function threeDigits(value: number): string {
  const size = Math.abs(value)
  if (size >= 99.95) return value.toFixed(0)
  if (size >= 9.995) return value.toFixed(1)
  if (size >= 0.9995 || size === 0) return value.toFixed(size === 0 ? 0 : 2)
  return value.toFixed(3)
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
