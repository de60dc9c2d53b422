/** What a workload promises, as data: a figure, a direction and a bound. Judged in verdict.ts, never here. */
import type { MetricName } from './metrics.ts'

/** A figure: one that every workload has, or one that only this workload reports. */
export type Figure =
  | { readonly kind: 'metric'; readonly name: MetricName }
  | { readonly kind: 'own'; readonly name: string }

export type Relation = 'at-least' | 'at-most'

/** A number, or so many times what another variant measured in the same round, plus something. */
export type Bound =
  | { readonly kind: 'value'; readonly value: number }
  | {
      readonly kind: 'against'
      readonly variant: string
      readonly factor: number
      readonly plus: number
    }

export type Target =
  | {
      readonly kind: 'figure'
      readonly figure: Figure
      readonly relation: Relation
      readonly bound: Bound
    }
  /** Of operations a second; of CPU seconds where a load client was the limit. */
  | {
      readonly kind: 'ratio'
      readonly to: string
      readonly relation: Relation
      readonly factor: number
    }
  | { readonly kind: 'any-of'; readonly targets: readonly Target[] }

export function atLeast(name: MetricName, value: number): Target {
  return bounded({ kind: 'metric', name }, 'at-least', { kind: 'value', value })
}

export function atMost(name: MetricName, value: number): Target {
  return bounded({ kind: 'metric', name }, 'at-most', { kind: 'value', value })
}

export function atLeastPerSecond(value: number): Target {
  return atLeast('perSecond', value)
}

export function atLeastMegabytesPerSecond(value: number): Target {
  return atLeast('megabytesPerSecond', value)
}

export function p99AtMostMs(value: number): Target {
  return atMost('p99Ms', value)
}

/** A figure of the workload's own, by the name it declared. */
export function ownAtLeast(name: string, value: number): Target {
  return bounded({ kind: 'own', name }, 'at-least', { kind: 'value', value })
}

export function ownAtMost(name: string, value: number): Target {
  return bounded({ kind: 'own', name }, 'at-most', { kind: 'value', value })
}

/** `ratioTo('yardstick').atLeast(0.8)`: operations a second, pair by pair. */
export function ratioTo(to: string): {
  atLeast(factor: number): Target
  atMost(factor: number): Target
} {
  return {
    atLeast: (factor) => ({ kind: 'ratio', to, relation: 'at-least', factor }),
    atMost: (factor) => ({ kind: 'ratio', to, relation: 'at-most', factor }),
  }
}

/** `atMostTimes('p99Ms', { factor: 2, of: 'yardstick', plus: 0.3 })`: at most twice the yardstick's and 0.3 ms. */
export function atMostTimes(
  name: MetricName,
  bound: { readonly factor: number; readonly of: string; readonly plus?: number },
): Target {
  const { factor, of: variant, plus = 0 } = bound
  return bounded({ kind: 'metric', name }, 'at-most', { kind: 'against', variant, factor, plus })
}

/** Met when one of them is: "80% of the yardstick or 800 MB/s, whichever is less". */
export function anyOf(...targets: readonly Target[]): Target {
  return { kind: 'any-of', targets }
}

function bounded(figure: Figure, relation: Relation, bound: Bound): Target {
  return { kind: 'figure', figure, relation, bound }
}
