/**
 * The version of the package. It stands in package.json alone and is put in here when the package
 * is bundled; code that runs unbundled, as the tests do, calls itself a development version.
 */

declare const NARU_VERSION: string | undefined

export const version: string = typeof NARU_VERSION === 'string' ? NARU_VERSION : '0.0.0-dev'
