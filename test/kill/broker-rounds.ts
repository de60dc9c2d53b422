/**
 * Kills `naru serve` under the load of a client in another process, again and again on one directory; after each
 * kill it is started again, everything in it is read, and all of it is compared with what the client had said.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { below, SeededRandom } from '../../src/base/random.ts'
import { NaruProcess } from '../cli/naru-process.ts'
import { assertHonest, type Verdict } from '../sim/history.ts'
import { ClientBooks } from './client-lines.ts'

export type KilledProtocol = 'amqp' | 'kafka'

export type BrokerKillOptions = {
  readonly protocol: KilledProtocol
  readonly directory: string
  readonly seed: number
  readonly rounds: number
  readonly told: (line: string) => void
  /** The program that loads and drains; our own raw client unless told otherwise. */
  readonly client?: string
}

const scripts: Readonly<Record<KilledProtocol, string>> = {
  amqp: fileURLToPath(new URL('./amqp-child.js', import.meta.url)),
  kafka: fileURLToPath(new URL('./kafka-child.js', import.meta.url)),
}

/** Producers, in the order in which a client is told where their counters go on. */
const producers: Readonly<Record<KilledProtocol, readonly string[]>> = {
  amqp: ['p'],
  kafka: ['p0', 'p1'],
}

const LOAD_MS_MAX = 500 // after the first confirm: many commits, and some spare files in the making
const STOP_ONE_IN = 4
const STOP_MS = 100
const DRAIN_MS_MAX = 60_000 // a client that hangs is a failure, not a long test

export type BrokerKillReport = { readonly acked: number; readonly verdict: Verdict }

export async function runBrokerKills(options: BrokerKillOptions): Promise<BrokerKillReport> {
  const random = new SeededRandom(options.seed)
  const books = new ClientBooks()
  for (let round = 1; round <= options.rounds; round++) {
    await using broker = await start(options)
    if (round > 1) await drain(options, broker.port, { books, round })
    const before = books.acked
    const waitMs = below(random, LOAD_MS_MAX)
    const stop = below(random, STOP_ONE_IN) === 0 ? 'stopped' : 'running'
    await loadAndKill(options, broker, { books, round, waitMs, stop })
    assert(books.acked > before, 'nothing was confirmed in this round')
    const count = books.acked - before
    options.told(`round ${round}: ${stop}, killed after ${waitMs} ms, ${count} confirmed`)
  }
  await using broker = await start(options)
  await drain(options, broker.port, { books, round: options.rounds + 1 })
  broker.process.signal('SIGTERM')
  assert.equal((await broker.process.exit()).code, 0, 'the last one stops in good order')
  const verdict = books.judge()
  assertHonest(verdict)
  return { acked: books.acked, verdict }
}

type Serving = AsyncDisposable & { readonly process: NaruProcess; readonly port: string }

async function start({ protocol, directory }: BrokerKillOptions): Promise<Serving> {
  const listen = ['--only', protocol, `--${protocol}`, '0']
  const naru = new NaruProcess('naru', ['serve', '--dir', directory, ...listen])
  const { urls } = await naru.ready()
  const port = /:(\d+)$/.exec(urls[protocol] ?? '')?.[1]
  assert(port !== undefined, 'a broker that says where it listens')
  return { process: naru, port, [Symbol.asyncDispose]: () => naru[Symbol.asyncDispose]() }
}

type Client = {
  readonly process: ChildProcess
  /** Resolves when something was confirmed, or it ended. */
  readonly confirmed: Promise<void>
  readonly ended: Promise<number | null>
}

function runClient(
  options: BrokerKillOptions,
  work: { readonly mode: 'load' | 'drain'; readonly port: string; readonly round: number },
  books: ClientBooks,
): Client {
  const { protocol } = options
  const firsts = producers[protocol].map((producer) => books.next.get(producer) ?? 0)
  const script = options.client ?? scripts[protocol]
  const arguments_ = [script, work.mode, work.port, String(work.round), firsts.join(',')]
  const child = spawn(process.execPath, arguments_, { stdio: ['ignore', 'pipe', 'inherit'] })
  let rest = ''
  let confirm = (): void => undefined
  const confirmed = new Promise<void>((resolve) => {
    confirm = resolve
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      books.take(line)
      if (line.startsWith('ok ')) confirm()
    }
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      confirm()
      resolve(code)
    })
  })
  return { process: child, confirmed, ended }
}

async function drain(
  options: BrokerKillOptions,
  port: string,
  { books, round }: { readonly books: ClientBooks; readonly round: number },
): Promise<void> {
  const client = runClient(options, { mode: 'drain', port, round }, books)
  const timer = setTimeout(() => client.process.kill('SIGKILL'), DRAIN_MS_MAX)
  const code = await client.ended
  clearTimeout(timer)
  assert.equal(code, 0, 'a client that could not read everything')
}

async function loadAndKill(
  options: BrokerKillOptions,
  { process: naru, port }: Serving,
  kill: {
    readonly books: ClientBooks
    readonly round: number
    readonly waitMs: number
    readonly stop: 'stopped' | 'running'
  },
): Promise<void> {
  const client = runClient(options, { mode: 'load', port, round: kill.round }, kill.books)
  await client.confirmed
  await after(kill.waitMs)
  if (kill.stop === 'stopped') {
    naru.signal('SIGSTOP')
    await after(STOP_MS)
    naru.signal('SIGCONT')
    await after(STOP_MS)
  }
  naru.signal('SIGKILL')
  assert.equal((await naru.exit()).signal, 'SIGKILL', 'the broker ended by itself')
  assert.equal(await client.ended, 0, 'the client failed')
}

function after(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs)
  })
}
