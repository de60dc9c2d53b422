/**
 * The layers and who may import whom: the map of ARCHITECTURE.md as a table. Imports of types count
 * like any other, because a type from above drags its words down.
 */
import { type Import, importsOf } from './imports.ts'
import { type Finding, isProduct, type Page } from './rule.ts'

interface Layer {
  readonly folder: string
  /** Layers it may import, besides itself. */
  readonly below: readonly string[]
  /** Packages it may import. `node:` stands for every module of Node, `*` for every package else. */
  readonly packages: readonly string[]
  /**
   * Whether each folder inside is closed to its neighbours, as gateways are: what two of them need
   * lies in the layer's own folder, above both.
   */
  readonly rooms: 'closed' | 'open'
}

const CRC = '@node-rs/crc32'
const PURE = ['base', 'wire', 'machine', 'channels'] as const

/** From the bottom to the top. A folder of src/ that is not here is a finding. */
const layers: Readonly<Record<string, Layer>> = {
  base: { folder: 'src/base/', below: [], packages: [], rooms: 'open' },
  node: {
    folder: 'src/node/',
    below: ['base'],
    packages: ['node:', 'fs-native-extensions'],
    rooms: 'open',
  },
  wire: { folder: 'src/wire/', below: ['base'], packages: [CRC], rooms: 'closed' },
  journal: { folder: 'src/journal/', below: ['base'], packages: [CRC], rooms: 'open' },
  machine: { folder: 'src/machine/', below: ['base'], packages: [], rooms: 'open' },
  channels: { folder: 'src/channels/', below: ['base'], packages: [], rooms: 'open' },
  codec: {
    folder: 'src/channels/codec/',
    below: ['base', 'channels'],
    packages: ['node:v8'],
    rooms: 'open',
  },
  // The door of naru/channels: whoever comes in by it has no ports and gets the real ones.
  door: {
    folder: 'src/channels/mod.ts',
    below: ['base', 'node', 'channels', 'codec', 'threads', 'processes'],
    packages: [],
    rooms: 'open',
  },
  threads: {
    folder: 'src/channels/threads/',
    below: ['base', 'node', 'channels', 'codec'],
    packages: ['node:'],
    rooms: 'open',
  },
  processes: {
    folder: 'src/channels/processes/',
    below: ['base', 'node', 'channels', 'codec'],
    packages: ['node:'],
    rooms: 'open',
  },
  pool: {
    folder: 'src/pool/',
    below: ['base', 'node', 'channels', 'codec', 'threads', 'processes'],
    packages: ['node:', 'piscina'],
    rooms: 'open',
  },
  broker: {
    folder: 'src/broker/',
    below: [...PURE, 'journal'],
    packages: [],
    rooms: 'open',
  },
  gateway: { folder: 'src/gateway/', below: [...PURE, 'broker'], packages: [], rooms: 'closed' },
  api: {
    folder: 'src/api/',
    below: [...PURE, 'node', 'broker', 'gateway'],
    packages: [],
    rooms: 'open',
  },
  client: {
    folder: 'src/client/',
    below: [...PURE, 'node', 'codec', 'broker'],
    packages: [],
    rooms: 'open',
  },
  console: {
    folder: 'src/console/',
    below: [...PURE, 'broker', 'client'],
    packages: ['*'],
    rooms: 'open',
  },
  cli: {
    folder: 'src/cli/',
    below: [...PURE, 'node', 'journal', 'broker', 'gateway', 'client', 'console', 'pool', 'top'],
    packages: ['node:', '*'],
    rooms: 'open',
  },
  top: {
    folder: 'src/',
    below: [...PURE, 'node', 'journal', 'broker', 'gateway', 'api', 'client', 'codec'],
    packages: ['node:'],
    rooms: 'open',
  },
}

/** The layer of a path in src/; null for a folder that no layer claims. */
function layerOf(path: string): string | null {
  const claims = Object.entries(layers).filter(([, layer]) => path.startsWith(layer.folder))
  const [name, layer] = claims.sort((a, b) => b[1].folder.length - a[1].folder.length)[0] ?? []
  if (name === undefined || layer === undefined) return null
  // Only files of src/ itself are the top; a folder must be claimed by name.
  return name === 'top' && path.slice(layer.folder.length).includes('/') ? null : name
}

/** The folder inside a layer: `amqp` of `src/gateway/amqp/session.ts`, empty for the layer's own. */
function roomOf(path: string, layer: Layer): string {
  const rest = path.slice(layer.folder.length)
  return rest.includes('/') ? rest.slice(0, rest.indexOf('/')) : ''
}

export function checkLayers(pages: readonly Page[]): Finding[] {
  return pages.filter((page) => isProduct(page.path)).flatMap(checkPage)
}

function checkPage(page: Page): Finding[] {
  const name = layerOf(page.path)
  const layer = layers[name ?? '']
  if (name === null || layer === undefined) {
    return [{ path: page.path, line: 1, message: 'lies in a folder that no layer claims' }]
  }
  return importsOf(page).flatMap((each) => {
    const message =
      each.path === null
        ? judgePackage(name, layer, each)
        : judgePath(name, layer, { from: page.path, to: each.path })
    return message === null ? [] : [{ path: page.path, line: each.line, message }]
  })
}

function judgePackage(name: string, layer: Layer, { specifier }: Import): string | null {
  const isNode = specifier.startsWith('node:')
  const allowed = [specifier, isNode ? 'node:' : '*'].some((each) => layer.packages.includes(each))
  return allowed ? null : `${name} must not import ${specifier}`
}

interface Way {
  readonly from: string
  readonly to: string
}

function judgePath(name: string, layer: Layer, { from, to }: Way): string | null {
  if (!to.startsWith('src/')) return `the product must not import ${to}`
  if (to.endsWith('.test.ts')) return `the product must not import the test ${to}`
  const target = layerOf(to)
  if (target !== name) {
    return target !== null && layer.below.includes(target) ? null : `${name} must not import ${to}`
  }
  if (layer.rooms === 'open') return null
  const [here, there] = [roomOf(from, layer), roomOf(to, layer)]
  if (there === '' || there === here) return null
  return `${name}/${here} must not import its neighbour ${to}`
}
