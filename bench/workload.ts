/**
 * What a workload is: one piece of work in one durability mode, done by us, by a yardstick and by rivals.
 * A file bench/<area>/<name>.bench.ts exports `workloads`; the runner lists it and its children run it, so
 * it imports what is heavy only inside `run`.
 */
import { assert } from '../src/base/assert.ts'
import type { Better } from './metrics.ts'
import type { Length } from './protocol.ts'
import type { Stage } from './stage.ts'
import type { Target } from './target.ts'

/** What an acknowledgement means: synced, in the page cache, in memory, or there is nothing to keep. */
export type Durability = 'fsync' | 'os' | 'memory' | 'none'

/** What is counted. `idle` counts nothing: the work is to cost nothing. */
export type Unit =
  | 'msgs'
  | 'records'
  | 'entries'
  | 'bytes'
  | 'calls'
  | 'rounds'
  | 'tasks'
  | 'opens'
  | 'idle'

/** Ours, the plainest program that does the same work, or somebody else's product. */
export type Role = 'ours' | 'yardstick' | 'rival'

/** Whether a variant can run on this machine; a version ends up in the header and beside its numbers. */
export type Finding =
  | { readonly kind: 'found'; readonly version: string }
  | { readonly kind: 'absent'; readonly why: string }

export interface Variant {
  readonly name: string
  readonly role: Role
  /** Everything that was set away from its default, for the reader who compares. */
  readonly settings: string
  readonly durability: Durability
  find(): Promise<Finding>
  /** Sets up, warms up, measures once, tears down. Runs alone in a fresh process. */
  run(stage: Stage): Promise<void>
}

/** A figure that only this workload knows, reported by `stage.figure`. */
export interface OwnFigure {
  readonly name: string
  readonly better: Better
}

export interface Workload {
  readonly name: string
  readonly area: string
  readonly durability: Durability
  readonly unit: Unit
  readonly payloadBytes: number
  /** Operations sent and not yet acknowledged, at most; 0 where it has no meaning. */
  readonly inFlight: number
  readonly length: Length
  /** After so long a run is ended and counts as failed. */
  readonly limitSeconds: number
  readonly figures: readonly OwnFigure[]
  readonly targets: readonly Target[]
  /** The first is the subject: the one that targets are about and that all others are compared with. */
  readonly variants: readonly Variant[]
}

export interface VariantOptions {
  readonly name: string
  readonly role: Role
  readonly settings?: string
  /** The workload's own unless said. */
  readonly durability?: Durability
  readonly find?: () => Promise<Finding>
  readonly run: (stage: Stage) => Promise<void>
}

export interface WorkloadOptions {
  readonly name: string
  readonly area: string
  readonly durability: Durability
  readonly unit: Unit
  readonly payloadBytes?: number
  readonly inFlight?: number
  readonly length?: Length
  readonly limitSeconds?: number
  readonly figures?: readonly OwnFigure[]
  readonly targets?: readonly Target[]
  readonly variants: readonly VariantOptions[]
}

const LENGTH_DEFAULT: Length = { kind: 'seconds', warmUp: 1, measured: 3 } // warm code, and 300 ticks of /proc
const LIMIT_SECONDS_DEFAULT = 120 // a rival's start, filling a disk and the measured section together

const present = async (): Promise<Finding> => ({ kind: 'found', version: '' })

/** Checks a workload and fills in what was left out. */
export function defineWorkload(options: WorkloadOptions): Workload {
  const workload: Workload = {
    name: options.name,
    area: options.area,
    durability: options.durability,
    unit: options.unit,
    payloadBytes: options.payloadBytes ?? 0,
    inFlight: options.inFlight ?? 0,
    length: options.length ?? LENGTH_DEFAULT,
    limitSeconds: options.limitSeconds ?? LIMIT_SECONDS_DEFAULT,
    figures: options.figures ?? [],
    targets: options.targets ?? [],
    variants: options.variants.map((variant) => ({
      name: variant.name,
      role: variant.role,
      settings: variant.settings ?? '',
      durability: variant.durability ?? options.durability,
      find: variant.find ?? present,
      run: variant.run,
    })),
  }
  checkWorkload(workload)
  return workload
}

function checkWorkload(workload: Workload): void {
  const names = workload.variants.map((variant) => variant.name)
  assert(workload.variants[0]?.role === 'ours', `${workload.name}: the first variant must be ours`)
  assert(new Set(names).size === names.length, `${workload.name}: two variants of one name`)
  assert(workload.length.measured > 0, `${workload.name}: nothing would be measured`)
  for (const target of workload.targets) checkTarget(workload, target)
}

/** A target that speaks of nothing would stay unmeasured for ever, and nobody would notice. */
function checkTarget(workload: Workload, target: Target): void {
  const known = (name: string): boolean => workload.variants.some((v) => v.name === name)
  if (target.kind === 'any-of') {
    for (const one of target.targets) checkTarget(workload, one)
  } else if (target.kind === 'ratio') {
    assert(known(target.to), `${workload.name}: no variant '${target.to}' to compare with`)
  } else {
    const { figure, bound } = target
    const declared =
      figure.kind === 'metric' || workload.figures.some((own) => own.name === figure.name)
    assert(declared, `${workload.name}: no figure '${figure.name}' is declared`)
    if (bound.kind === 'against') assert(known(bound.variant), `no variant '${bound.variant}'`)
  }
}
