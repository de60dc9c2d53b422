/** A program with a pool, for tests of how it ends: started with the kind of the pool and what to do. */
import { Pool } from '../../src/pool/mod.ts'

type Tasks = typeof import('./pool-tasks.ts')

const [kind, deed] = process.argv.slice(2) as [
  'threads' | 'processes',
  'idle' | 'close' | 'destroy' | 'leave' | 'endless' | 'rest' | 'interrupt',
]
const pool = Pool[kind]<Tasks>({ module: new URL('./pool-tasks.js', import.meta.url), size: 2 })

await pool.ready()
const numbers = Array.from({ length: 100 }, (_, index) => index)
const sum = (await pool.map('same', numbers)).reduce<number>((total, n) => total + Number(n), 0)
console.log(`sum ${sum}`)

switch (deed) {
  case 'idle':
    // Nothing to do and nobody closes it: the program ends all the same.
    break
  case 'close':
    await pool.close()
    console.log('closed')
    break
  case 'destroy': {
    const fate = pool.run('forever', []).catch((error: { code: string }) => error.code)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await pool.destroy()
    console.log(await fate)
    break
  }
  case 'leave':
    void pool.run('forever', []).catch(() => undefined)
    setTimeout(() => process.exit(3), 50)
    break
  case 'endless':
    void pool.run('forever', []).catch(() => undefined)
    void pool.run('forever', []).catch(() => undefined)
    setTimeout(() => console.log('running'), 300)
    break
  case 'rest':
    setInterval(() => undefined, 1_000)
    console.log('running')
    break
  case 'interrupt':
    process.on('SIGINT', () => {
      void pool.close().then(() => console.log('closed'))
    })
    void pool.run('spin', [500]).then((ms) => console.log(`spun ${ms}`))
    setTimeout(() => console.log('running'), 100)
}
