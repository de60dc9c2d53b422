/** Finds the workload files, compiled, and loads them. It never runs a workload. */
import { readdir } from 'node:fs/promises'
import { assert } from '../src/base/assert.ts'
import type { Finding, Workload } from './workload.ts'

/** A workload and the file it came from. */
export interface Found {
  readonly module: string
  readonly workload: Workload
}

/** Every workload of every area, in the order of the files' names. */
export async function discover(): Promise<readonly Found[]> {
  const here = new URL('./', import.meta.url)
  const entries = await readdir(here, { withFileTypes: true })
  const areas = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  const found: Found[] = []
  for (const area of areas.toSorted()) {
    const files = await readdir(new URL(`${area}/`, here))
    for (const file of files.filter((name) => /\.bench\.[jt]s$/.test(name)).toSorted()) {
      const module = new URL(`${area}/${file}`, here).href
      for (const workload of await loadWorkloads(module)) {
        assert(workload.area === area, `${area}/${file} says that its area is '${workload.area}'`)
        found.push({ module, workload })
      }
    }
  }
  checkNames(found)
  return found
}

export async function loadWorkloads(module: string): Promise<readonly Workload[]> {
  const loaded: unknown = await import(module)
  const { workloads } = loaded as { readonly workloads?: readonly Workload[] }
  assert(Array.isArray(workloads), `${module} exports no 'workloads'`)
  return workloads
}

/** Which of a workload's variants can run on this machine, by name. */
export async function findVariants(workload: Workload): Promise<ReadonlyMap<string, Finding>> {
  const findings = new Map<string, Finding>()
  for (const variant of workload.variants) findings.set(variant.name, await variant.find())
  return findings
}

/** Baselines find a workload by its area and name. */
function checkNames(found: readonly Found[]): void {
  const names = found.map(({ workload }) => `${workload.area}/${workload.name}`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  assert(twice === undefined, `two workloads are called ${twice}`)
}
