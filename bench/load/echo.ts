/** The most trivial server there is: sends back what it gets. The yardstick of load clients, and their test. */
import { createServer } from 'node:net'

const [address = '0'] = process.argv.slice(2)
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
})
// A number is a port of the loopback, anything else the path of a Unix socket.
const place = /^\d+$/.test(address)
  ? { host: '127.0.0.1', port: Number(address) }
  : { path: address }
server.listen(place, () => {
  const listening = server.address()
  const where = typeof listening === 'string' ? listening : listening?.port
  process.stdout.write(`ready ${where}\n`)
})
