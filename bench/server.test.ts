/** Servers and foreign programs as processes of their own, and what is read about them. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseClaim, runForeign, sourceFile } from './foreign.ts'
import { fileSystemIn } from './machine.ts'
import { findPackage, findProduct, yearOf } from './rivals.ts'
import { startNodeServer, startServer } from './server.ts'
import { cpuSecondsInStat, cpuSecondsOfChildrenInStat, processProbe, totalUsage } from './usage.ts'

const ECHO = fileURLToPath(new URL('./load/echo.js', import.meta.url))

describe('a server under test', { timeout: 30_000 }, () => {
  it('reports its own cost and the delay of its loop', async () => {
    await using server = await startNodeServer({ args: [ECHO, '0'], ready: /^ready (\d+)$/m })
    assert.ok(Number(server.ready[1]) > 0)
    await server.probe.begin('watched')
    const usage = await server.probe.end()
    assert.ok((usage.peakRssBytes ?? 0) > 1e6)
    assert.ok(usage.cpuSeconds !== null && usage.cpuSeconds < 60)
    assert.ok(usage.loop !== null && usage.loop.maxMs >= 0)
  })

  it('is gone after close, which may be called twice', async () => {
    const server = await startServer({
      command: process.execPath,
      args: [ECHO, '0'],
      ready: /^ready/m,
    })
    await server.close()
    await server.close()
    assert.throws(() => process.kill(server.pid, 0))
  })

  it('that does not start is an error with what it said', async () => {
    const args = ['-e', 'console.error("port taken"); process.exit(5)']
    const start = startServer({ command: process.execPath, args, ready: /ready/ })
    await assert.rejects(start, /code 5: port taken/)
    const missing = startServer({ command: 'no-such-program', args: [], ready: /ready/ })
    await assert.rejects(missing, /no-such-program did not start/)
  })

  it('that never gets ready is ended when its time is over', async () => {
    const args = ['-e', 'setTimeout(() => {}, 60000)']
    const start = startServer({ command: process.execPath, args, ready: /ready/, limitMs: 200 })
    await assert.rejects(start, /did not get ready in time/)
  })
})

describe('the cost of a process', () => {
  it('is read behind the last parenthesis of its stat line', () => {
    const fields = 'S 1 7 7 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 1 0 5 0 0'
    assert.equal(cpuSecondsInStat(`7 (a) b (c)) ${fields}`), 3)
    assert.equal(cpuSecondsOfChildrenInStat(`7 (a) b (c)) ${fields}`), 0.18)
  })

  it('is unknown, not zero, where it cannot be seen', async () => {
    const probe = processProbe(2 ** 30) // above every system's largest process id
    await probe.begin('watched')
    const nothing = { cpuSeconds: null, peakRssBytes: null, loop: null }
    assert.deepEqual(await probe.end(), nothing)
    const known = { cpuSeconds: 1, peakRssBytes: 1, loop: { p99Ms: 1, maxMs: 2 } }
    assert.deepEqual(totalUsage([known, nothing]), { ...nothing, loop: known.loop })
  })
})

describe('a foreign program', () => {
  it('is believed the last line it prints', async () => {
    const program = 'console.log("warming up"); console.log(`{"operations":5,"seconds":2}`)'
    assert.deepEqual(await runForeign(process.execPath, ['-e', program]), {
      operations: 5,
      seconds: 2,
      cpuSeconds: null,
      peakRssBytes: null,
      loop: null,
    })
  })

  it('lies beside the source of its workload', () => {
    assert.ok(existsSync(sourceFile(import.meta.url, './load/echo.ts')))
  })

  it('is refused when it fails or prints something else', async () => {
    await assert.rejects(runForeign(process.execPath, ['-e', 'process.exit(9)']), /code 9/)
    assert.throws(() => parseClaim('done\n'), /not JSON: done/)
    assert.throws(() => parseClaim('{"operations":5}'), /seconds is undefined/)
  })
})

describe('the machine and the rivals on it', () => {
  it('are on the file system whose mount point is the longest prefix', () => {
    const mounts = [
      '/dev/root / ext4 rw 0 0',
      'tmpfs /tmp tmpfs rw 0 0',
      '/dev/b /data xfs rw 0 0',
      '/dev/c /data/bench btrfs rw 0 0',
    ].join('\n')
    assert.equal(fileSystemIn(mounts, '/data/bench/run'), 'btrfs on /dev/c')
    assert.equal(fileSystemIn(mounts, '/data/benches'), 'xfs on /dev/b')
    assert.equal(fileSystemIn(mounts, '/home'), 'ext4 on /dev/root')
    assert.equal(fileSystemIn('', '/home'), 'unknown')
  })

  it('are named with the year of their release line where it is known', () => {
    assert.equal(yearOf('3.10.8', { '3.10': 2022, '3.1': 2009 }), ' (2022)')
    assert.equal(yearOf('9.9.9', { '3.10': 2022 }), '')
  })

  it('are absent with a reason', async () => {
    const finding = await findPackage('no-such-package-anywhere')
    assert.match(finding.kind === 'absent' ? finding.why : '', /is not installed/)
    const python = await findProduct('python')
    const said = python.kind === 'found' ? python.version : python.why
    assert.match(said, /^python (3\.\d+\.\d+( \(\d{4}\))?$|is not installed)/)
    const here = await findPackage('fast-check')
    assert.match(here.kind === 'found' ? here.version : '', /^fast-check \d+\./)
  })
})
