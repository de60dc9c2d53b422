/** The thread of lifeline.ts: kills the whole process when the pipe that it was given ends. */
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'

const { fd } = workerData as { fd: number }
const lifeline = new Socket({ fd, readable: true, writable: false })
const die = (): void => {
  process.kill(process.pid, 'SIGKILL')
}
lifeline.on('end', die)
lifeline.on('error', die)
lifeline.resume()
