/**
 * The table of listeners that are built: `naru serve` has one flag for each entry, and no other. An
 * entry loads its gateway only when it is opened.
 */
import type { ListenerKind } from '../broker/listener.ts'

export const listeners: readonly ListenerKind[] = []
