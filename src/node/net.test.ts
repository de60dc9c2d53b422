/** Real sockets: they keep the contract on TCP and on Unix sockets, and what only they can show. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type NetWorld, netContract } from '../../test/contracts/net-contract.ts'
import { NetPeer } from '../../test/contracts/net-peer.ts'
import type { Address, Connection } from '../base/ports.ts'
import { NodeNet } from './net.ts'
import { NodeScheduler } from './scheduler.ts'

const free: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 }

/** Runs `body` with a path in a directory of its own, where a socket may be. */
async function withPath(body: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'naru-net-'))
  try {
    const path = join(directory, 'socket')
    await body(process.platform === 'win32' ? `\\\\.\\pipe\\${path}` : path)
  } finally {
    await rm(directory, { recursive: true })
  }
}

function worldAt(address: Address): NetWorld {
  return { net: new NodeNet(), scheduler: new NodeScheduler(), freeAddress: () => address }
}

netContract({ name: 'TCP', run: (body) => body(worldAt(free)) })
netContract({
  name: 'a Unix socket',
  run: (body) => withPath((path) => body(worldAt({ kind: 'unix', path }))),
})

const unixOnly = process.platform === 'win32' ? 'Windows has pipes instead of socket files' : false

test('a socket file left behind by a killed process is taken over', { skip: unixOnly }, () =>
  withPath(async (path) => {
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () =>
      process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['--eval', script])
    assert.ok((await stat(path)).isSocket(), 'it was left behind')
    const listener = await new NodeNet().listen({ kind: 'unix', path }, () => {})
    const client = new NetPeer(await new NodeNet().connect(listener.address)).start()
    client.connection.destroy()
    await client.saw('closed')
    await listener.close()
  }),
)

test('a file that is no socket is left alone', { skip: unixOnly }, () =>
  withPath(async (path) => {
    await writeFile(path, 'precious')
    await assert.rejects(
      new NodeNet().listen({ kind: 'unix', path }, () => {}),
      { code: 'in-use' },
    )
    assert.equal((await stat(path)).size, 8)
  }),
)

test('a socket file is for its owner alone and goes with its listener', { skip: unixOnly }, () =>
  withPath(async (path) => {
    const listener = await new NodeNet().listen({ kind: 'unix', path }, () => {})
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    await listener.close()
    await assert.rejects(stat(path), { code: 'ENOENT' })
    await assert.rejects(new NodeNet().connect({ kind: 'unix', path }), { code: 'refused' })
  }),
)

test('a socket path that a system would cut off is refused', async () => {
  for (const path of ['', `/tmp/${'x'.repeat(100)}`, '/tmp/a\0b']) {
    await assert.rejects(
      new NodeNet().listen({ kind: 'unix', path }, () => {}),
      { code: 'other' },
    )
    await assert.rejects(new NodeNet().connect({ kind: 'unix', path }), { code: 'other' })
  }
})

test('a peer that resets the connection is an error, told once with `closed`', async () => {
  const accepted: Connection[] = []
  const listener = await new NodeNet().listen(free, (connection) => accepted.push(connection))
  assert.ok(listener.address.kind === 'tcp')
  const socket = connect(listener.address.port, '127.0.0.1')
  await new Promise((resolve) => {
    socket.once('connect', resolve)
  })
  while (accepted.length === 0) await new Promise(setImmediate)
  const server = new NetPeer(accepted[0]!).start()
  socket.resetAndDestroy()
  await server.saw('closed')
  assert.deepEqual(server.events, ['closed'])
  assert.equal((server.error as { code?: string } | null)?.code, 'reset')
  await listener.close()
})

test('a name that nobody knows is an error in our words', async () => {
  const nowhere: Address = { kind: 'tcp', host: 'name.invalid', port: 1 }
  await assert.rejects(new NodeNet().connect(nowhere), { name: 'NetError', code: 'unreachable' })
  await assert.rejects(
    new NodeNet().listen(nowhere, () => {}),
    { name: 'NetError' },
  )
})

test('bytes from shared memory are sent like any other', async () => {
  let accept!: (connection: Connection) => void
  const accepting = new Promise<Connection>((resolve) => {
    accept = resolve
  })
  const listener = await new NodeNet().listen(free, accept)
  const client = new NetPeer(await new NodeNet().connect(listener.address)).start()
  const server = new NetPeer(await accepting).start()
  const shared = new Uint8Array(new SharedArrayBuffer(200_000)).fill(7)
  client.connection.cork()
  client.connection.write(shared.subarray(0, 100_000))
  client.connection.write(shared.subarray(100_000))
  client.connection.uncork()
  await server.received(shared.length)
  assert.ok(server.bytes.every((byte) => byte === 7))
  for (const peer of [client, server]) {
    peer.connection.destroy()
    await peer.saw('closed')
  }
  await listener.close()
})

test('an owner that destroys from within `data` hears nothing more but `closed`', async () => {
  const flooder = createServer((socket) => {
    socket.on('error', () => {})
    socket.write(Buffer.alloc(1_000_000))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => {
    flooder.once('listening', resolve)
  })
  const { port } = flooder.address() as { port: number }
  const connection = await new NodeNet().connect({ kind: 'tcp', host: '127.0.0.1', port })
  connection.pause()
  const heard: string[] = []
  await new Promise<void>((resolve) => {
    connection.start({
      data: () => {
        heard.push('data')
        connection.destroy()
      },
      ended: () => heard.push('ended'),
      drained: () => heard.push('drained'),
      closed: () => {
        heard.push('closed')
        resolve()
      },
    })
    // Let the system's bytes pile up in Node first, so that more than one chunk waits.
    setImmediate(() => setImmediate(() => connection.resume()))
  })
  assert.deepEqual(heard, ['data', 'closed'])
  await new Promise((resolve) => {
    flooder.close(resolve)
  })
})
