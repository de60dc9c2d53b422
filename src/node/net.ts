/**
 * Sockets behind the Net port: TCP, and Unix sockets (on Windows a `unix` address is the name of a
 * pipe, `\\.\pipe\name`). It moves bytes and says what happened; it knows no protocol, no limit on
 * connections and no time-out, which are the broker's.
 */
import { chmod, lstat, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { limits } from '../base/limits.ts'
import type { Address, Connection, Listener, Net } from '../base/ports.ts'
import { NetError } from '../base/ports.ts'
import { NodeConnection } from './connection.ts'
import { netErrorOf } from './net-errors.ts'

export class NodeNet implements Net {
  async listen(address: Address, accept: (connection: Connection) => void): Promise<Listener> {
    checkPath(address)
    try {
      return await listenOnce(address, accept)
    } catch (error) {
      const failure = netErrorOf(error, describe(address))
      const mayBeStale = address.kind === 'unix' && failure.code === 'in-use'
      if (!mayBeStale || !(await isStale(address.path))) throw failure
      // Left behind by a process that was killed. Should two start at this very moment, the later
      // one would take the name from the earlier; the lock on the data directory keeps them apart.
      await unlink(address.path).catch(() => {})
    }
    return listenOnce(address, accept).catch((error: unknown) => {
      throw netErrorOf(error, describe(address))
    })
  }

  async connect(address: Address): Promise<Connection> {
    checkPath(address)
    return new NodeConnection(await connectSocket(address), describe(address))
  }
}

function connectSocket(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(address.kind === 'tcp' ? { host: address.host, port: address.port } : address),
      ...socketOptions,
    })
    const onError = (error: Error): void => {
      reject(netErrorOf(error, describe(address)))
    }
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.removeListener('error', onError)
      resolve(socket)
    })
  })
}

/** What both ends of every connection have. */
const socketOptions = {
  // The peer may stop sending and still want our answer.
  allowHalfOpen: true,
  // We gather small writes ourselves, with cork; Nagle's waiting would only add to it.
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: limits.keepAliveMs,
  highWaterMark: limits.socketBufferBytes,
} as const

function listenOnce(
  address: Address,
  accept: (connection: Connection) => void,
): Promise<NodeListener> {
  return new Promise((resolve, reject) => {
    const server = createServer(socketOptions, (socket) => {
      accept(new NodeConnection(socket, describe(address)))
    })
    server.once('error', reject)
    server.once('listening', () => {
      server.removeListener('error', reject)
      // A failed accept (no handles left, say) is the loss of that peer alone, who will be told by
      // his own system. Unheard, the event would end the process.
      server.on('error', () => {})
      const listener = new NodeListener(server, addressOf(server, address))
      secure(address).then(
        () => resolve(listener),
        (error: unknown) => {
          void listener.close()
          reject(error)
        },
      )
    })
    if (address.kind === 'tcp') server.listen({ host: address.host, port: address.port })
    else server.listen({ path: address.path })
  })
}

class NodeListener implements Listener {
  readonly address: Address
  readonly #server: Server

  constructor(server: Server, address: Address) {
    this.address = address
    this.#server = server
  }

  close(): Promise<void> {
    // Not its callback: that waits for every connection too. The socket itself is closed at once.
    if (this.#server.listening) this.#server.close()
    return new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

function addressOf(server: Server, asked: Address): Address {
  const bound = server.address()
  if (asked.kind === 'unix' || bound === null || typeof bound === 'string') return asked
  return { kind: 'tcp', host: asked.host, port: bound.port }
}

/** A socket file is for its owner alone, whatever the umask says. Pipes of Windows have no file. */
async function secure(address: Address): Promise<void> {
  if (address.kind === 'unix' && !isPipeName(address.path)) await chmod(address.path, 0o600)
}

/** A socket file behind which nobody listens any more. Nothing else there is ours to remove. */
async function isStale(path: string): Promise<boolean> {
  if (isPipeName(path)) return false
  const found = await lstat(path).catch(() => null)
  if (found === null) return true
  if (!found.isSocket()) return false
  try {
    const socket = await connectSocket({ kind: 'unix', path })
    socket.destroy()
    return false
  } catch (error) {
    return error instanceof NetError && error.code === 'refused'
  }
}

/** Systems cut a path that is too long silently, and would listen on another name. */
function checkPath(address: Address): void {
  if (address.kind !== 'unix' || isPipeName(address.path)) return
  const size = Buffer.byteLength(address.path)
  if (size > 0 && size <= limits.socketPathBytes && !address.path.includes('\0')) return
  const bounds = `1 to ${limits.socketPathBytes} bytes`
  throw new NetError('other', `a socket path of ${size} bytes: it takes ${bounds} without NUL`)
}

function isPipeName(path: string): boolean {
  return path.startsWith('\\\\')
}

function describe(address: Address): string {
  return address.kind === 'unix' ? address.path : hostAndPort(address.host, address.port)
}

function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
