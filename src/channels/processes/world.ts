/** The part of the world that a channel between processes needs. Types only. */
import type { World } from '../../base/ports.ts'

export type ProcessWorld = Pick<World, 'clock' | 'net' | 'random' | 'scheduler'>
