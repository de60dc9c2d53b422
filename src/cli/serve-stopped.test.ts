/** `naru serve` on a disk that fails: nobody is told OK any more, and the process ends with a sentence. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { NaruProcess } from '../../test/cli/naru-process.ts'

const FLAGS = ['--only', 'line', '--line', '0', '--line-queue', 'q', '--line-answers', 'ok']

/** From now on every write of the process to a file fails. */
function failWrites(pid: number): void {
  execFileSync('prlimit', ['--pid', String(pid), '--fsize=0'])
}

const canFailWrites = process.platform === 'linux' && spawnSync('prlimit', ['-V']).status === 0

/** Sends a line and answers what came back until the connection ended. */
async function say(url: string | undefined, text: string): Promise<string> {
  const { hostname, port } = new URL(url ?? '')
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  let answer = ''
  socket.on('data', (piece: string) => {
    answer += piece
  })
  socket.on('error', () => {}) // the process ends in the middle of it
  socket.end(text)
  await once(socket, 'close')
  return answer
}

test('a write that fails ends it with one sentence, and what was told OK is there again', {
  skip: !canFailWrites && 'no prlimit',
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'naru-stopped-'))
  try {
    {
      await using naru = new NaruProcess('naru', ['serve', ...FLAGS, '--dir', directory])
      const { urls, pid } = await naru.ready()
      assert.equal(await say(urls.line, 'one\n'), 'OK 1\n')
      failWrites(pid)
      assert.doesNotMatch(await say(urls.line, 'two\n'), /OK/)
      assert.equal((await naru.exit()).code, 1)
      assert.match(
        naru.stderr,
        /error: the journal stopped after a failed disk call \(.*\); nothing more is acknowledged\. Check the disk, then start again/,
      )
    }
    await using naru = new NaruProcess('naru', ['serve', ...FLAGS, '--dir', directory])
    const { urls } = await naru.ready()
    assert.match(await say(urls.line, 'three\n'), /^OK \d+\n$/)
  } finally {
    await rm(directory, { recursive: true })
  }
})
