/**
 * Finds the rivals on this machine and their versions, with the year of the release, because a fast number
 * against an old version is worth less. It never starts one and never installs one.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Finding } from './workload.ts'

const VERSION_LIMIT_MS = 20_000 // Kafka starts a JVM to say its version

interface Product {
  /** Programs that can tell the version; the first that runs does. */
  readonly commands: readonly (readonly [command: string, ...args: string[]])[]
  /** Its first group is the version. */
  readonly pattern: RegExp
  /** Year in which a release line appeared, by the beginning of the version. */
  readonly years: { readonly [line: string]: number | undefined }
}

export type ProductName = 'rabbitmq' | 'redis' | 'kafka' | 'python'

const PRODUCTS: { readonly [Name in ProductName]: Product } = {
  rabbitmq: {
    commands: [
      ['rabbitmqctl', 'version'],
      ['/usr/sbin/rabbitmqctl', 'version'],
      ['/usr/lib/rabbitmq/bin/rabbitmqctl', 'version'],
    ],
    pattern: /^(\d+\.\d+\.\d+)/m,
    years: {
      '3.8': 2019,
      '3.9': 2021,
      '3.10': 2022,
      '3.11': 2022,
      '3.12': 2023,
      '3.13': 2024,
      '4.0': 2024,
      '4.1': 2025,
      '4.2': 2025,
    },
  },
  redis: {
    commands: [
      ['redis-server', '--version'],
      ['valkey-server', '--version'],
    ],
    pattern: /v=(\d+\.\d+\.\d+)/,
    years: {
      '6.0': 2020,
      '6.2': 2021,
      '7.0': 2022,
      '7.2': 2023,
      '7.4': 2024,
      '8.0': 2025,
      '8.2': 2025,
    },
  },
  kafka: {
    commands: [
      ['kafka-topics.sh', '--version'],
      ['kafka-topics', '--version'],
      [`${process.env.KAFKA_HOME ?? '/opt/kafka'}/bin/kafka-topics.sh`, '--version'],
    ],
    pattern: /^(\d+\.\d+\.\d+)/m,
    years: {
      '3.0': 2021,
      '3.3': 2022,
      '3.6': 2023,
      '3.7': 2024,
      '3.8': 2024,
      '3.9': 2024,
      '4.0': 2025,
      '4.1': 2025,
    },
  },
  python: {
    commands: [['python3', '--version']],
    pattern: /Python (\d+\.\d+\.\d+)/,
    years: {
      '3.9': 2020,
      '3.10': 2021,
      '3.11': 2022,
      '3.12': 2023,
      '3.13': 2024,
      '3.14': 2025,
    },
  },
}

const findings = new Map<string, Promise<Finding>>()

/** Whether a product is installed here. Asked once an invocation. */
export async function findProduct(name: ProductName): Promise<Finding> {
  return await remembered(name, () => askProduct(name, PRODUCTS[name]))
}

/** Whether a package of npm is installed here. */
export async function findPackage(name: string): Promise<Finding> {
  return await remembered(`npm:${name}`, async () => {
    // Not by `require`: a package need not export its manifest.
    for (const directory of createRequire(import.meta.url).resolve.paths(name) ?? []) {
      const version = await versionIn(join(directory, name, 'package.json'))
      if (version !== null) return { kind: 'found', version: `${name} ${version}` }
    }
    return { kind: 'absent', why: `the package ${name} is not installed` }
  })
}

async function versionIn(path: string): Promise<string | null> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path, 'utf8'))
    const { version } = manifest as { readonly version?: unknown }
    return typeof version === 'string' ? version : null
  } catch {
    return null // not in this directory
  }
}

async function remembered(key: string, ask: () => Promise<Finding>): Promise<Finding> {
  const known = findings.get(key)
  if (known !== undefined) return await known
  const finding = ask()
  findings.set(key, finding)
  return await finding
}

async function askProduct(name: string, product: Product): Promise<Finding> {
  for (const [command, ...args] of product.commands) {
    const output = await outputOf(command, args)
    const version = output?.match(product.pattern)?.[1]
    if (version !== undefined) {
      return { kind: 'found', version: `${name} ${version}${yearOf(version, product.years)}` }
    }
  }
  const tried = product.commands.map(([command]) => command).join(', ')
  return { kind: 'absent', why: `${name} is not installed (tried ${tried})` }
}

/** ` (2022)`, or nothing for a release that the table does not know. */
export function yearOf(
  version: string,
  years: { readonly [line: string]: number | undefined },
): string {
  const line = version.split('.').slice(0, 2).join('.')
  const year = years[line]
  return year === undefined ? '' : ` (${year})`
}

async function outputOf(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const run = promisify(execFile)
    const { stdout, stderr } = await run(command, args, { timeout: VERSION_LIMIT_MS })
    return stdout + stderr
  } catch {
    return null // not there, or it does not answer: both mean that it cannot be measured
  }
}
