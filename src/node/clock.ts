/** The system's two clocks. The only place that reads them. */
import type { Clock } from '../base/ports.ts'

export class NodeClock implements Clock {
  wallMs(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }
}
