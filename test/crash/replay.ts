/**
 * Makes one crash of the journal again, as a failing enumeration names it, and says what is wrong with what is
 * recovered: `node build/test/crash/replay.js WORKLOAD CALL IMAGE [CALL-OF-RECOVERY IMAGE]`.
 */
import { describePlace, imageAt, replay } from './enumerate.ts'
import { specNamed } from './journal-spec.ts'

async function main([
  workload,
  call,
  image,
  againCall,
  againImage,
]: readonly string[]): Promise<number> {
  if (workload === undefined || call === undefined || image === undefined) {
    console.log('usage: replay.js WORKLOAD CALL IMAGE [CALL-OF-RECOVERY IMAGE]')
    return 2
  }
  const place = {
    workload,
    call: Number(call),
    image,
    againCall: Number(againCall ?? 0),
    againImage: againImage ?? '',
  }
  const spec = await specNamed(workload)
  console.log(describePlace(place))
  const error = await replay(spec, place)
  if (error === null) {
    console.log('nothing is wrong with it')
    return 0
  }
  const { entries } = await imageAt(spec, place)
  for (const entry of entries) console.log(JSON.stringify(entry))
  console.log(error)
  return 1
}

process.exitCode = await main(process.argv.slice(2))
