/** The ApiVersions messages of Kafka, API key 18: generated from the table in schema/, never edited. */
import type { WireReader } from '../reader.ts'
import type { WireWriter } from '../writer.ts'

export interface ApiVersionsRequest {
  readonly clientSoftwareName: string
  readonly clientSoftwareVersion: string
}

export function decodeApiVersionsRequest(r: WireReader, version: number): ApiVersionsRequest {
  r.dialect = version >= 3 ? 'flexible' : 'plain'
  const clientSoftwareName = version >= 3 ? r.string() : ''
  const clientSoftwareVersion = version >= 3 ? r.string() : ''
  r.skipTags()
  return { clientSoftwareName, clientSoftwareVersion }
}

export function encodeApiVersionsRequest(
  w: WireWriter,
  version: number,
  m: ApiVersionsRequest,
): void {
  w.dialect = version >= 3 ? 'flexible' : 'plain'
  if (version >= 3) {
    w.string(m.clientSoftwareName)
  }
  if (version >= 3) {
    w.string(m.clientSoftwareVersion)
  }
  w.noTags()
}

export interface ApiVersionsResponse {
  readonly errorCode: number
  readonly apiKeys: readonly ApiVersion[]
  readonly throttleTimeMs: number
  readonly supportedFeatures: readonly SupportedFeatureKey[]
  readonly finalizedFeaturesEpoch: number
  readonly finalizedFeatures: readonly FinalizedFeatureKey[]
  readonly zkMigrationReady: boolean
}

export function decodeApiVersionsResponse(r: WireReader, version: number): ApiVersionsResponse {
  r.dialect = version >= 3 ? 'flexible' : 'plain'
  const errorCode = r.i16()
  const apiKeys: ApiVersion[] = []
  for (let left = r.count(6); left > 0; left--) {
    apiKeys.push(decodeApiVersion(r))
  }
  const throttleTimeMs = version >= 1 ? r.i32() : 0
  let supportedFeatures: SupportedFeatureKey[] = []
  let finalizedFeaturesEpoch = -1
  let finalizedFeatures: FinalizedFeatureKey[] = []
  let zkMigrationReady = false
  for (let tagsLeft = r.tagCount(); tagsLeft > 0; tagsLeft--) {
    const tag = r.uvarint()
    const end = r.tagEnd()
    if (tag === 0) {
      supportedFeatures = []
      for (let left = r.count(1); left > 0; left--) {
        supportedFeatures.push(decodeSupportedFeatureKey(r, version))
      }
    } else if (tag === 1) {
      finalizedFeaturesEpoch = r.i64()
    } else if (tag === 2) {
      finalizedFeatures = []
      for (let left = r.count(1); left > 0; left--) {
        finalizedFeatures.push(decodeFinalizedFeatureKey(r, version))
      }
    } else if (tag === 3) {
      zkMigrationReady = r.bool()
    } else {
      r.skip(end - r.at)
    }
    r.closeTag(end)
  }
  return {
    errorCode,
    apiKeys,
    throttleTimeMs,
    supportedFeatures,
    finalizedFeaturesEpoch,
    finalizedFeatures,
    zkMigrationReady,
  }
}

export function encodeApiVersionsResponse(
  w: WireWriter,
  version: number,
  m: ApiVersionsResponse,
): void {
  w.dialect = version >= 3 ? 'flexible' : 'plain'
  w.i16(m.errorCode)
  w.count(m.apiKeys.length)
  for (const each of m.apiKeys) {
    encodeApiVersion(w, each)
  }
  if (version >= 1) {
    w.i32(m.throttleTimeMs)
  }
  if (w.dialect === 'flexible') {
    let tags = 0
    if (m.supportedFeatures.length > 0) {
      tags++
    }
    if (m.finalizedFeaturesEpoch !== -1) {
      tags++
    }
    if (m.finalizedFeatures.length > 0) {
      tags++
    }
    if (m.zkMigrationReady) {
      tags++
    }
    w.uvarint(tags)
    if (m.supportedFeatures.length > 0) {
      const at = w.openTag(0)
      w.count(m.supportedFeatures.length)
      for (const each of m.supportedFeatures) {
        encodeSupportedFeatureKey(w, version, each)
      }
      w.closeTag(at)
    }
    if (m.finalizedFeaturesEpoch !== -1) {
      const at = w.openTag(1)
      w.i64(m.finalizedFeaturesEpoch)
      w.closeTag(at)
    }
    if (m.finalizedFeatures.length > 0) {
      const at = w.openTag(2)
      w.count(m.finalizedFeatures.length)
      for (const each of m.finalizedFeatures) {
        encodeFinalizedFeatureKey(w, version, each)
      }
      w.closeTag(at)
    }
    if (m.zkMigrationReady) {
      const at = w.openTag(3)
      w.u8(m.zkMigrationReady ? 1 : 0)
      w.closeTag(at)
    }
  }
}

export interface ApiVersion {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

function decodeApiVersion(r: WireReader): ApiVersion {
  const apiKey = r.i16()
  const minVersion = r.i16()
  const maxVersion = r.i16()
  r.skipTags()
  return { apiKey, minVersion, maxVersion }
}

function encodeApiVersion(w: WireWriter, m: ApiVersion): void {
  w.i16(m.apiKey)
  w.i16(m.minVersion)
  w.i16(m.maxVersion)
  w.noTags()
}

export interface SupportedFeatureKey {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

function decodeSupportedFeatureKey(r: WireReader, version: number): SupportedFeatureKey {
  const name = version >= 3 ? r.string() : ''
  const minVersion = version >= 3 ? r.i16() : 0
  const maxVersion = version >= 3 ? r.i16() : 0
  r.skipTags()
  return { name, minVersion, maxVersion }
}

function encodeSupportedFeatureKey(w: WireWriter, version: number, m: SupportedFeatureKey): void {
  if (version >= 3) {
    w.string(m.name)
  }
  if (version >= 3) {
    w.i16(m.minVersion)
  }
  if (version >= 3) {
    w.i16(m.maxVersion)
  }
  w.noTags()
}

export interface FinalizedFeatureKey {
  readonly name: string
  readonly maxVersionLevel: number
  readonly minVersionLevel: number
}

function decodeFinalizedFeatureKey(r: WireReader, version: number): FinalizedFeatureKey {
  const name = version >= 3 ? r.string() : ''
  const maxVersionLevel = version >= 3 ? r.i16() : 0
  const minVersionLevel = version >= 3 ? r.i16() : 0
  r.skipTags()
  return { name, maxVersionLevel, minVersionLevel }
}

function encodeFinalizedFeatureKey(w: WireWriter, version: number, m: FinalizedFeatureKey): void {
  if (version >= 3) {
    w.string(m.name)
  }
  if (version >= 3) {
    w.i16(m.maxVersionLevel)
  }
  if (version >= 3) {
    w.i16(m.minVersionLevel)
  }
  w.noTags()
}
