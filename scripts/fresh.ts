/**
 * `npm run fresh`: what a stranger meets. It clones the committed state to a temporary folder, with
 * an empty home and nothing but Node, npm and a shell on the path, and runs the two commands of the
 * README there, each of them twice: the second time over what the first one left.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..', '..')

/** How long the broker may take to get ready, from nothing but a clone, on a slow line. */
const READY_MS = 300_000

/** What a shell needs for the commands that npm's own scripts use. */
const SHELL_TOOLS = ['sh', 'env', 'uname']

/** Variables without which a company's machine has no network; they say nothing else. */
const PASSED_ON = /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|npm_config_registry)$/i

/** Clones and lays out the empty machine; gives the clone and its environment. */
function layOut(folder: string): { clone: string; environment: NodeJS.ProcessEnv } {
  const [bin, home, clone] = ['bin', 'home', 'naru'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  mkdirSync(bin)
  mkdirSync(home)
  symlinkSync(process.execPath, join(bin, 'node'))
  for (const tool of ['npm', ...SHELL_TOOLS]) {
    const path = findOnPath(tool)
    if (path !== null) symlinkSync(path, join(bin, tool))
  }
  run('git', ['clone', '--quiet', root, clone], { cwd: folder, env: process.env })
  const passed = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name))
  return { clone, environment: { ...Object.fromEntries(passed), PATH: bin, HOME: home } }
}

function findOnPath(tool: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      return realpathSync(join(folder, tool))
    } catch {
      // Not in this folder: the next one.
    }
  }
  return null
}

interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

function run(file: string, args: readonly string[], place: Place): void {
  const { status, error } = spawnSync(file, args, { ...place, stdio: 'inherit' })
  if (status !== 0) {
    throw new Error(`${file} ${args.join(' ')} ended with ${error?.message ?? status}`)
  }
}

/** `npm start` until it says that it is ready, then a request to end, which must end it with 0. */
async function startAndStop(npm: string, place: Place): Promise<void> {
  // A group of its own, so that nothing it starts can outlive a failure here.
  const child = spawn(npm, ['start'], {
    ...place,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const ended = endOf(child)
  const line = await Promise.race([readyLine(child), ended.then((code) => `ended with ${code}`)])
  if (!line.startsWith('ready ')) {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    throw new Error(`npm start: ${line}`)
  }
  child.kill('SIGTERM')
  const code = await ended
  if (code !== 0) throw new Error(`npm start: after SIGTERM it ended with ${code}`)
}

function readyLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('was not ready in time'), READY_MS)
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk)
      text += chunk.toString('utf8')
      const line = /^ready .*$/m.exec(text)?.[0]
      if (line === undefined) return
      clearTimeout(timer)
      resolve(line)
    })
    child.once('exit', () => clearTimeout(timer))
  })
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'nothing'))
  })
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })
  const folder = mkdtempSync(join(tmpdir(), 'naru-fresh-'))
  try {
    const { clone, environment } = layOut(folder)
    const npm = join(folder, 'bin', 'npm')
    const place = { cwd: clone, env: environment }
    for (const round of ['first', 'second']) {
      run(npm, ['ci'], place)
      await startAndStop(npm, place)
      console.log(`fresh: npm ci && npm start: ok the ${round} time`)
      run(npm, ['ci'], place)
      run(npm, ['test'], place)
      console.log(`fresh: npm ci && npm test: ok the ${round} time`)
    }
    console.log('fresh: both commands passed twice')
    return 0
  } catch (error) {
    console.log(`fresh: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  } finally {
    if (values.keep) console.log(`fresh: kept ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = await main()
