/** What a program is told of a link that was lost. */
import { Fault } from '../../base/fault.ts'
import { ChannelMisuse, ChannelPeerLost } from '../contract.ts'

/** A peer that refused us was not lost. */
export function lossOf(peer: string, underWay: number, cause: Error): Error {
  if (cause instanceof Fault && cause.code === 'refused') {
    return new ChannelMisuse(`${peer} refused: ${cause.message}`)
  }
  const what = `${peer} is lost, with ${underWay} values under way`
  return new ChannelPeerLost(`${what}: ${cause.message}`, { cause })
}
