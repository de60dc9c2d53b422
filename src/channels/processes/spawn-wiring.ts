/** What a spawning process and its child agree on: the pipes between them and what is said first and last. */
import type { Socket } from 'node:net'

import { NodeConnection } from '../../node/connection.ts'
import type { Thrown } from '../codec/thrown.ts'
import type { Ports } from '../contract.ts'
import { type LinkLimits, linkLimits, silenceMsMax } from './limits.ts'
import { Link } from './link.ts'

/** Values, both ways. */
export const linkFd = 3
/** The child's last words; and its end is how the child learns that its parent has gone. */
export const lifelineFd = 4

/** The first value that the child receives: what it is to be. */
export interface SpawnOrder {
  readonly module: string
  readonly name: string
  readonly args: unknown
}

/** What the child writes when it dies of an error. */
export interface LastWords {
  readonly thrown: Thrown
}

/** A child that computes for an hour says nothing meanwhile, and is not dead: its end is seen by the system. */
const spawnLimits: LinkLimits = { ...linkLimits, silenceMs: silenceMsMax }
const purpose = 'spawn'

/** The parent listens, the child connects; nobody else can have the other end of this pipe. */
export function spawnLink(ports: Ports, socket: Socket, side: 'connecting' | 'listening'): Link {
  return new Link({
    ports,
    connection: new NodeConnection(socket, 'the other process'),
    hello: { purpose, token: '', limits: spawnLimits },
    side,
    admit: (hello) => (hello.purpose === purpose ? null : `it is no child: '${hello.purpose}'`),
  })
}
