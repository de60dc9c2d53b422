/** Waiting for a link to open. Gives up by signal, and then drops it. */
import { untilAborted } from '../../base/abort.ts'
import type { Link } from './link.ts'
import { nobody } from './link-user.ts'

/** Starts the link, and calls `opened` at the moment it is open, so that nothing it tells is missed. */
export function openLink<C>(
  link: Link,
  ends: AbortSignal | undefined,
  opened: (link: Link) => C,
): Promise<C> {
  return untilAborted<C>(ends, (resolve, reject) => {
    link.user = {
      ...nobody,
      changed: () => {
        if (link.failure !== null) reject(link.failure)
        else if (link.phase === 'open') resolve(opened(link))
      },
    }
    link.start()
    return () => link.destroy()
  })
}
