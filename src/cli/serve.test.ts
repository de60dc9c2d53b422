/** The command as a user runs it: a child process, its streams, its signals, its exit code. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Exit, NaruProcess, type Script } from '../../test/cli/naru-process.ts'
import { version } from '../base/version.ts'
import { listeners } from './listeners.ts'

interface Ended extends Exit {
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command that ends by itself. */
async function ended(script: Script, ...args: string[]): Promise<Ended> {
  const naru = new NaruProcess(script, args)
  const { code, signal } = await naru.exit()
  return { code, signal, stdout: naru.stdout, stderr: naru.stderr }
}

/** Runs `body` beside a running `naru serve` with planted listeners. */
async function serving(
  args: readonly string[],
  body: (naru: NaruProcess) => Promise<void>,
): Promise<void> {
  const naru = new NaruProcess('planted', ['serve', ...args])
  try {
    await body(naru)
  } finally {
    await naru[Symbol.asyncDispose]()
  }
}

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'naru-serve-'))
  try {
    await body(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

function connects(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function listening(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })
}

/** The log without its times and levels. */
function logOf(naru: NaruProcess): string[] {
  return naru.stderr.split('\n').map((line) => line.replace(/^\S+ \w+ /, ''))
}

test('one ready line on stdout, with the real URLs, once everything listens', () =>
  serving(['--only', 'one,two'], async (naru) => {
    const ready = await naru.ready()
    assert.deepEqual(Object.keys(ready.urls), ['one', 'two'])
    for (const url of Object.values(ready.urls)) assert.ok(await connects(url), url)
    assert.deepEqual(
      { dir: ready.dir, durability: ready.durability, version: ready.version },
      { dir: null, durability: 'memory', version },
    )
    assert.ok(ready.pid > 0 && ready.pid !== process.pid)
    assert.match(naru.stderr, /warn no --dir: everything is in memory/)
    naru.signal('SIGTERM')
    assert.deepEqual(await naru.exit(), { code: 0, signal: null })
    assert.equal(naru.stdout.split('\n').length, 2, 'one line and nothing more')
    for (const url of Object.values(ready.urls)) assert.ok(!(await connects(url)), url)
  }))

test('the command as it is published opens every listener of its table', async () => {
  const naru = new NaruProcess('naru', ['serve', ...listeners.flatMap((k) => [`--${k.name}`, '0'])])
  try {
    const { urls } = await naru.ready()
    assert.deepEqual(
      Object.keys(urls),
      listeners.map((kind) => kind.name),
    )
    naru.signal('SIGTERM')
    assert.deepEqual(await naru.exit(), { code: 0, signal: null })
  } finally {
    await naru[Symbol.asyncDispose]()
  }
})

test('it stops at SIGINT too, the newest first', () =>
  serving(['--only', 'one,two'], async (naru) => {
    await naru.ready()
    naru.signal('SIGINT')
    assert.deepEqual(await naru.exit(), { code: 0, signal: null })
    assert.deepEqual(logOf(naru).slice(1), [
      'one is open',
      'two is open',
      'one has begun',
      'two has begun',
      'SIGINT: stopping',
      'two is closed',
      'one is closed',
      '',
    ])
  }))

test('a second signal ends it at once', () =>
  serving(['--only', 'stuck'], async (naru) => {
    await naru.ready()
    naru.signal('SIGTERM')
    await naru.until(() => naru.stderr.includes('stuck is closing'))
    naru.signal('SIGTERM')
    assert.deepEqual(await naru.exit(), { code: null, signal: 'SIGTERM' })
  }))

test('one listener that fails to close does not keep the others open', () =>
  serving(['--only', 'one,broken'], async (naru) => {
    await naru.ready()
    naru.signal('SIGTERM')
    assert.deepEqual(await naru.exit(), { code: 1, signal: null })
    assert.ok(logOf(naru).includes('one is closed'))
    assert.match(naru.stderr, /error: closing broken failed: Error: a planted failure/)
  }))

test('a taken port is an error that names the flag, and closes what was open', async () => {
  const taken = await listening()
  const { port } = taken.address() as { port: number }
  const { code, stdout, stderr } = await ended('planted', 'serve', '--two', String(port))
  const advice = 'choose another or --two 0 for any free one'
  assert.ok(stderr.endsWith(`error: --two ${port}: port ${port} is taken; ${advice}\n`), stderr)
  assert.match(stderr, /one is closed/)
  assert.deepEqual([code, stdout], [1, ''])
  await new Promise((resolve) => {
    taken.close(resolve)
  })
})

test('a directory is made for its owner alone, and belongs to one broker at a time', () =>
  inDirectory(async (parent) => {
    const directory = join(parent, 'deep', 'data')
    await serving(['--only', 'one', '--dir', directory], async (naru) => {
      const ready = await naru.ready()
      assert.deepEqual([ready.dir, ready.durability], [directory, 'fsync'])
      assert((await readdir(directory)).includes('format'))
      if (process.platform !== 'win32') assert.equal((await stat(directory)).mode & 0o777, 0o700)
      const second = await ended('planted', 'serve', '--only', 'two', '--dir', directory)
      assert.equal(
        second.stderr,
        `error: --dir ${directory}: another naru serve has this directory open\n`,
      )
      assert.deepEqual([second.code, second.stdout], [1, ''])
      naru.signal('SIGKILL')
      await naru.exit()
    })
    await serving(['--only', 'one', '--dir', directory, '--durability', 'os'], async (naru) => {
      assert.equal((await naru.ready()).durability, 'os')
    })
  }))

test('a directory that is a file is refused', () =>
  inDirectory(async (parent) => {
    const path = join(parent, 'file')
    await writeFile(path, '')
    const { code, stderr } = await ended('naru', 'serve', '--dir', path)
    assert.equal(
      stderr,
      `error: --dir ${path}: ${path} is a file, not a directory; choose another name\n`,
    )
    assert.equal(code, 1)
  }))

test('a wrong command line is one sentence on stderr and exit code 2', async () => {
  const lines: readonly (readonly [RegExp, ...string[]])[] = [
    [/unknown option '--nonsense'/, 'serve', '--nonsense'],
    [/unknown command 'nonsense'/, 'nonsense'],
    [/--durability/, 'serve', '--dir', 'x', '--durability', 'always'],
    [/--durability os needs --dir/, 'serve', '--durability', 'os'],
    [/^error: --redis: this version of naru has no redis listener yet\n$/, 'serve', '--redis', '1'],
    [/too many arguments/, 'serve', 'surplus'],
  ]
  for (const [sentence, ...args] of lines) {
    const { code, stdout, stderr } = await ended('naru', ...args)
    assert.match(stderr, sentence)
    assert.deepEqual([code, stdout], [2, ''], args.join(' '))
  }
})

test('help shows the listeners that are built and no other', async () => {
  const { code, stdout, stderr } = await ended('planted', 'serve', '--help')
  assert.deepEqual([code, stderr], [0, ''])
  for (const flag of ['--one <port|off>', '--two <port|off>', '--dir', '--durability', '--only']) {
    assert.ok(stdout.includes(flag), flag)
  }
  assert.doesNotMatch(stdout, /--(amqp|kafka|redis|kinesis|http|line)/)
})

test('whoever stops reading help hears no complaint of it', async () => {
  for (const args of [['--help'], ['serve', '--help'], ['journal', 'inspect', '--help']]) {
    await using naru = new NaruProcess('naru', args)
    // Before it has begun.
    naru.stopReading()
    assert.deepEqual(await naru.exit(), { code: 0, signal: null })
    assert.equal(naru.stderr, '')
  }
})

test('the version is the version of the package', async () => {
  const { code, stdout } = await ended('naru', '--version')
  assert.deepEqual([code, stdout], [0, `${version}\n`])
})
